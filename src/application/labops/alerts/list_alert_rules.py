"""List the alert rules."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Page
from application.labops.alerts.named_channels import known_channels_async
from application.labops.alerts.ports import EvaluationMemory
from application.labops.alerts.small_lists import page_of
from application.labops.alerts.views import AlertRuleView, rule_view
from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository


@dataclass(frozen=True, kw_only=True)
class ListAlertRulesQuery(Query[OperationResult[Page[AlertRuleView]]]):
    """Rules in the order of their definition, each with its last evaluation."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListAlertRulesQueryHandler(QueryHandler[ListAlertRulesQuery, OperationResult[Page[AlertRuleView]]]):
    def __init__(self, rules: AlertRuleRepository, channels: AlertChannelRepository, memory: EvaluationMemory) -> None:
        self._rules = rules
        self._channels = channels
        self._memory = memory

    async def handle_async(self, request: ListAlertRulesQuery) -> OperationResult[Page[AlertRuleView]]:
        rules = [one for one in await self._rules.get_all_async() if not one.state.removed]
        order = {one.state.id: (one.state.created_at.timestamp(), one.state.id) for one in rules}
        page = page_of(rules, lambda one: order[one.state.id], request.limit, request.cursor, "alert-rules")
        last = await self._memory.get_many_async([one.state.id for one in page.items])
        known = await known_channels_async(self._channels, page.items)
        return self.ok(Page([rule_view(one, known, last.get(one.state.id)) for one in page.items], page.next_cursor))
