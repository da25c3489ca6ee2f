"""Opportunities as Connect describes them."""

from typing import Any

from application.records.opportunities import OPPORTUNITY_KEYS, Opportunities
from domain.records.errors import RecordsRefusedError
from integration.connect.connect_api import ConnectApi
from integration.connect.connect_exports import ConnectExports
from integration.connect.errors import ConnectRefusedError


class ConnectOpportunities(Opportunities):
    """Asks Connect each time; keys that an older server does not tell are null."""

    def __init__(self, api: ConnectApi) -> None:
        self._exports = ConnectExports(api)

    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        try:
            told = await self._exports.opportunity_async(username, opportunity_id)
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error
        return None if told is None else {key: told.get(key) for key in OPPORTUNITY_KEYS}
