"""A client of Connect's LabsRecord API, written from its contract alone: it knows nothing of what serves it.

Its habits are those of the contract's section 5.4: one record per write, no scope for public reads, ``public``
never sent on reads, updates that read, merge and write, and one kind of error for whatever goes wrong.
"""

from typing import Any

import httpx


class LabsApiError(Exception):
    """A call failed."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConnectClient:
    """Talks to ``{base_url}/export/labs_record/`` within one scope."""

    def __init__(self, http: httpx.AsyncClient, token: str, **scope: int) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._scope = scope

    async def get_records(self, *, public: bool = False, **filters: Any) -> list[dict[str, Any]]:
        parameters = {key: str(value) for key, value in filters.items()}
        if not public:
            parameters |= {key: str(value) for key, value in self._scope.items()}
        answer = await self._call("GET", "/export/labs_record/", params=parameters)
        found: list[dict[str, Any]] = answer.json()
        assert isinstance(found, list)
        return found

    async def get_record_by_id(self, record_id: int, experiment: str, type_: str) -> dict[str, Any] | None:
        found = await self.get_records(experiment=experiment, type=type_)
        return next((record for record in found if record["id"] == record_id), None)

    async def create_record(self, experiment: str, type_: str, data: Any, **more: Any) -> dict[str, Any]:
        item = {"experiment": experiment, "type": type_, "data": data, **self._scope, **more}
        return await self._write(item)

    async def update_record(self, record_id: int, experiment: str, type_: str, data: Any) -> dict[str, Any]:
        current = await self.get_record_by_id(record_id, experiment, type_)
        if current is None:
            raise LabsApiError(f"no record {record_id}", 404)
        kept = {key: current[key] for key in ("username", "program_id", "labs_record_id") if current[key]}
        return await self._write(
            {"id": record_id, "experiment": experiment, "type": type_, "data": data, **self._scope, **kept}
        )

    async def delete_records(self, record_ids: list[int]) -> None:
        answer = await self._call("DELETE", "/export/labs_record/", json=[{"id": one} for one in record_ids])
        assert answer.content == b""

    async def everything_mine(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._call("GET", "/export/opp_org_program_list/")).json()
        return found

    async def opportunity(self, opportunity_id: int) -> dict[str, Any]:
        found: dict[str, Any] = (await self._call("GET", f"/export/opportunity/{opportunity_id}/")).json()
        return found

    async def _write(self, item: dict[str, Any]) -> dict[str, Any]:
        written = (await self._call("POST", "/export/labs_record/", json=[item])).json()
        assert isinstance(written, list)
        first: dict[str, Any] = written[0]
        return first

    async def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, headers=self._headers, timeout=30.0, **options)
        except httpx.HTTPError as error:
            raise LabsApiError(str(error)) from error
        if answer.status_code != 200:
            raise LabsApiError(answer.text, answer.status_code)
        return answer
