"""See how each subscription stands."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.subscriptions import Subscriptions, SubscriptionStatus


@dataclass(frozen=True, kw_only=True)
class ListSubscriptionsQuery(Query[OperationResult[list[SubscriptionStatus]]]):
    """See how each subscription stands."""


class ListSubscriptionsQueryHandler(QueryHandler[ListSubscriptionsQuery, OperationResult[list[SubscriptionStatus]]]):
    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def handle_async(self, request: ListSubscriptionsQuery) -> OperationResult[list[SubscriptionStatus]]:  # noqa: ARG002  # says it all by its type
        return self.ok(await self._subscriptions.list_async())
