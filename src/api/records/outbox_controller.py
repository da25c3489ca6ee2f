"""``/records/outbox``: writes that wait for the system of record, and conflicts among them."""

from typing import Annotated

from classy_fastapi import get, post
from fastapi import Path, Request, Response

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.guarded_route import principal_of
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.records.answers import encoded
from api.records.outbox_answers import QueuedWriteAnswer, QueuedWritesPage, ResolveBody, queued_answer
from application.records.queued_writes import GetQueuedWriteQuery, ListQueuedWritesQuery, ResolveQueuedWriteCommand

WriteId = Annotated[
    str,
    Path(max_length=64, description="Id of a queued write.", examples=["0193a5c2-7f10-7000-8c1e-0d5f3a9b2e44"]),
]


class OutboxController(LabkeeperController):
    """Queued writes of one's own; of everybody for an administrator."""

    route_prefix = "/records/outbox"

    @requires(Role.USER)
    @get("", response_model=QueuedWritesPage)
    async def list_queued_writes(
        self, request: Request, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """List queued writes in the order in which they were queued. Those that are settled stay for a week."""
        query = ListQueuedWritesQuery(everybodys=_is_admin(request), limit=limit, cursor=cursor)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        answer = {"items": [queued_answer(one) for one in page.items], "next_cursor": page.next_cursor}
        return self.answer(200, encoded(answer))

    @requires(Role.USER)
    @get("/{write_id}", response_model=QueuedWriteAnswer)
    async def get_queued_write(self, request: Request, write_id: WriteId) -> Response:
        """Get one queued write. In state `conflict` it shows both versions."""
        result = await self.mediator.execute_async(GetQueuedWriteQuery(write_id=write_id, anybodys=_is_admin(request)))
        return self.answer(200, encoded(queued_answer(data_of(result)))) if result.is_success else self.process(result)

    @requires(Role.USER)
    @post("/{write_id}/resolve", response_model=QueuedWriteAnswer)
    async def resolve_queued_write(self, request: Request, write_id: WriteId, body: ResolveBody) -> Response:
        """Settle a conflict. 409 when there is none, or not any more."""
        command = ResolveQueuedWriteCommand(write_id=write_id, keep=body.chosen(), anybodys=_is_admin(request))
        result = await self.mediator.execute_async(command)
        return self.answer(200, encoded(queued_answer(data_of(result)))) if result.is_success else self.process(result)


def _is_admin(request: Request) -> bool:
    principal = principal_of(request)
    return principal is not None and principal.role is Role.ADMIN
