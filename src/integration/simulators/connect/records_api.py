"""``/export/labs_record/``."""

import json
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from integration.simulators.connect.accounts import User
from integration.simulators.connect.lookups import lookups_of, whole_number
from integration.simulators.connect.negotiation import View
from integration.simulators.connect.record_batches import RecordBatches
from integration.simulators.connect.record_table import SCOPES, RecordTable
from integration.simulators.connect.wire import answer, not_found
from integration.simulators.connect.world import World


class RecordsApi:
    """Lists, upserts and deletes records."""

    def __init__(self, table: RecordTable, world: World) -> None:
        self._table = table
        self._world = world
        self._batches = RecordBatches(table, world)

    def views(self) -> dict[str, View]:
        """Return the views by method."""
        return {"GET": self.list, "POST": self.upsert, "DELETE": self.delete}

    async def list(self, request: Request, user: User, _version: str) -> Response:
        """A bare array of what all parameters hold for; without a scope of what is public."""
        asked = dict(request.query_params)
        rows = self._table.public()
        for kind in SCOPES:
            if said := asked.get(f"{kind}_id"):
                number = whole_number(said)
                if not self._world.is_member(user, kind, number):
                    raise not_found()
                rows = self._table.under(kind, number)
                break
        wanted = lookups_of(asked, self._world.users.ids())
        return answer(b"[%s]" % b",".join(row.body for row in rows if all(holds(row) for holds in wanted)))

    async def upsert(self, request: Request, user: User, _version: str) -> Response:
        """200 with the records in the order of the items."""
        rows = self._batches.upsert(user, await _json_async(request))
        return answer(b"[%s]" % b",".join(row.body for row in rows))

    async def delete(self, request: Request, user: User, _version: str) -> Response:
        """200 without a body."""
        self._batches.delete(user, await _json_async(request))
        return Response(b"", 200)


async def _json_async(request: Request) -> Any:
    try:
        return json.loads(await request.body(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"JSON parse error - {error}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"Out of range float values are not JSON compliant: {constant}")
