"""``/alert-rules``: what is watched, and what is too much of it."""

from typing import Annotated

from classy_fastapi import delete, get, patch, post
from fastapi import Path, Request, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, version_tag
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.problems import RefusedError
from api.kernel.read_your_writes import ReadYourWrites
from api.labops.alert_rules_schemas import (
    AlertRuleAnswer,
    AlertRulesPage,
    ChangeAlertRuleBody,
    DefineAlertRuleBody,
    EvaluationAnswer,
)
from api.labops.shaped_controller import ShapedController
from application.kernel.refusals import refusal_of
from application.labops.alerts.change_alert_rule import ChangeAlertRuleCommand
from application.labops.alerts.define_alert_rule import DefineAlertRuleCommand
from application.labops.alerts.evaluate_alert_rule import EvaluateAlertRuleCommand
from application.labops.alerts.get_alert_rule import GetAlertRuleQuery
from application.labops.alerts.list_alert_rules import ListAlertRulesQuery
from application.labops.alerts.remove_alert_rule import RemoveAlertRuleCommand
from domain.labops.alert_errors import InvalidAlertRuleError

RuleId = Annotated[str, Path(max_length=64, description="Id of a rule, as its definition answered it.")]


class AlertRulesController(ShapedController):
    """Watches metrics, and raises alerts."""

    route_prefix = "/alert-rules"
    tag = "Alerts"

    def __init__(self, mediator: Mediator, read_your_writes: ReadYourWrites) -> None:
        super().__init__(mediator)
        self._read_your_writes = read_your_writes

    @requires(Role.MANAGER)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=AlertRuleAnswer)
    async def define_alert_rule(self, body: DefineAlertRuleBody) -> Response:
        """Define a rule. It is evaluated by the job `alert-evaluation`, and on demand."""
        try:
            command = DefineAlertRuleCommand(details=body.details())
        except InvalidAlertRuleError as error:
            raise RefusedError(refusal_of(error)) from error
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        view = result.data
        headers = {"Location": f"/api/v1/alert-rules/{view.rule_id}", "ETag": version_tag(view.version)}
        return self.shaped(result, AlertRuleAnswer, headers)

    @requires(Role.USER)
    @get("", response_model=AlertRulesPage)
    async def list_alert_rules(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the rules in the order of their definition."""
        query = ListAlertRulesQuery(limit=limit, cursor=cursor)
        return self.shaped(await self.mediator.execute_async(query), AlertRulesPage)

    @requires(Role.USER)
    @get("/{rule_id}", response_model=AlertRuleAnswer)
    @sends(200, "ETag")
    async def get_alert_rule(self, rule_id: RuleId) -> Response:
        """Get one rule with its last evaluation. Its `ETag` is what a change may name in `If-Match`."""
        result = await self.mediator.execute_async(GetAlertRuleQuery(rule_id=rule_id))
        if not result.is_success or result.data is None:
            return self.process(result)
        return self.shaped(result, AlertRuleAnswer, {"ETag": version_tag(result.data.version)})

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch("/{rule_id}", response_model=AlertRuleAnswer)
    async def change_alert_rule(self, request: Request, rule_id: RuleId, body: ChangeAlertRuleBody) -> Response:
        """Change a rule. What stands of one that is made inactive, or watches something else now, is resolved."""
        try:
            changes = body.changes()
        except InvalidAlertRuleError as error:
            raise RefusedError(refusal_of(error)) from error
        command = ChangeAlertRuleCommand(rule_id=rule_id, changes=changes, expected_version=expected_version(request))
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        return self.shaped(result, AlertRuleAnswer, {"ETag": version_tag(result.data.version)})

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete("/{rule_id}", status_code=204)
    async def remove_alert_rule(self, request: Request, rule_id: RuleId) -> Response:
        """Remove a rule; what stands of it is resolved."""
        command = RemoveAlertRuleCommand(rule_id=rule_id, expected_version=expected_version(request))
        return self.process(await self.mediator.execute_async(command))

    @requires(Role.MANAGER)
    @sends(200, "X-Position")
    @post("/{rule_id}/evaluate", response_model=EvaluationAnswer)
    async def evaluate_alert_rule(self, rule_id: RuleId) -> Response:
        """Evaluate a rule now, as the job does; what was written before is in it."""
        result = await self.mediator.execute_async(EvaluateAlertRuleCommand(rule_id=rule_id))
        await self._read_your_writes.after_writing_async("labops", "alerts")
        return self.shaped(result, EvaluationAnswer)
