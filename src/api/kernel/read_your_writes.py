"""Reading what was just written: an answer says up to where it wrote, and a question may wait for that."""

import re

from fastapi import Request

from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal, unavailable
from application.kernel.request_context import current_request
from application.kernel.subscriptions import ReadModels

HEADER = "x-position"
LONGEST_WAIT_SECONDS = 5.0
AFTER_WRITE_SECONDS = 2.0
_POSITIONS = re.compile(r"[a-z]{1,32}:[0-9]{1,15}(, ?[a-z]{1,32}:[0-9]{1,15}){0,15}")


class ReadYourWrites:
    """Waits for read models of one log."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models

    async def before_reading_async(self, request: Request, log: str, model: str) -> None:
        """Wait until a read model has seen the position that ``X-Position`` of the request names, if any.

        Raises:
            RefusedError: 400 when the header is malformed, 503 when the model does not get there in time.
        """
        given = request.headers.get(HEADER)
        if given is None:
            return
        if not _POSITIONS.fullmatch(given):
            expected = "X-Position must be what an earlier answer said, e.g. labs:17"
            raise RefusedError(Refusal(400, "malformed-header", "Malformed header", expected))
        positions = dict(part.strip().split(":") for part in given.split(","))
        if log in positions and not await self._models.wait_async(model, int(positions[log]), LONGEST_WAIT_SECONDS):
            raise RefusedError(unavailable(f"{model} has not come to {log}:{positions[log]} yet", 1.0))

    async def after_writing_async(self, log: str, model: str) -> None:
        """Give a read model a moment to take over what this request wrote, so that the next question sees it."""
        position = current_request().positions.get(log)
        if position is not None:
            await self._models.wait_async(model, position, AFTER_WRITE_SECONDS)
