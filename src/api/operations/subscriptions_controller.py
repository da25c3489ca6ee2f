"""``/subscriptions``: how they stand, and what they gave up on."""

from dataclasses import asdict
from typing import Annotated

from classy_fastapi import delete, get, post
from fastapi import Path, Response

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.operations.schemas import ParkedEventsPage, ReplayAnswer, SubscriptionAnswer, SubscriptionsAnswer
from application.operations.drop_parked_event import DropParkedEventCommand
from application.operations.list_parked_events import ListParkedEventsQuery
from application.operations.list_subscriptions import ListSubscriptionsQuery
from application.operations.replay_parked_event import ReplayParkedEventCommand

Name = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$", description="Name of the subscription.")]
ParkedId = Annotated[str, Path(pattern=r"^[a-z0-9_.-]{1,160}$", description="Id of the parked event.")]


class SubscriptionsController(LabkeeperController):
    """Administers subscriptions."""

    route_prefix = "/subscriptions"

    @requires(Role.ADMIN)
    @get("", response_model=SubscriptionsAnswer)
    async def list_subscriptions(self) -> Response:
        """See how each subscription stands."""
        result = await self.mediator.execute_async(ListSubscriptionsQuery())
        if not result.is_success:
            return self.process(result)
        items = [SubscriptionAnswer(**asdict(one)) for one in data_of(result)]
        return self.answer(200, SubscriptionsAnswer(items=items))

    @requires(Role.ADMIN)
    @get("/{name}/parked", response_model=ParkedEventsPage)
    async def list_parked(self, name: Name, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the events that a subscription gave up on, and those that wait behind them, oldest first."""
        query = ListParkedEventsQuery(name=name, limit=limit, cursor=cursor)
        return self.process(await self.mediator.execute_async(query))

    @requires(Role.ADMIN)
    @post("/{name}/parked/{parked_id}/replay", response_model=ReplayAnswer)
    async def replay_parked(self, name: Name, parked_id: ParkedId) -> Response:
        """Try a parked event again now. Events that waited behind it follow by themselves."""
        result = await self.mediator.execute_async(ReplayParkedEventCommand(name=name, parked_id=parked_id))
        return self.process(result) if result.status != 200 else self.answer(200, {"outcome": data_of(result)})

    @requires(Role.ADMIN)
    @delete("/{name}/parked/{parked_id}", status_code=204)
    async def drop_parked(self, name: Name, parked_id: ParkedId) -> Response:
        """Give a parked event up for good."""
        return self.process(await self.mediator.execute_async(DropParkedEventCommand(name=name, parked_id=parked_id)))
