"""Bodies and answers around alerts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from api.labops.alert_rules_schemas import FiltersAnswer
from application.labops.alerts.views import AlertStatus
from domain.labops.alert_values import AlertMetric, AlertOperator


class AcknowledgeAlertBody(StrictBody):
    """What whoever acknowledges has to say."""

    note: Annotated[str, Field(max_length=1000)] = ""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "M2 is being repaired"}]})


class AlertAnswer(BaseModel):
    """An alert. `messages` counts those that went out about it, to all channels at once.

    `value` is the last one recorded: another severity is, and a value a twentieth or more off. The rule's
    `last_evaluation` has what was measured last. `resolved_reason`: `cleared`, `rule_changed`, `rule_inactive` or
    `rule_removed`.
    """

    model_config = ConfigDict(from_attributes=True)

    alert_id: str
    rule_id: str
    rule_name: str
    metric: AlertMetric
    operator: AlertOperator
    threshold: float
    value: float
    worst_value: float
    severity: Literal["MEDIUM", "HIGH"]
    worst_severity: Literal["MEDIUM", "HIGH"]
    status: AlertStatus
    window: str
    filters: FiltersAnswer
    raised_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    resolved_reason: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    messages: int
    version: int


class AlertsPage(BaseModel):
    """Alerts, last raised first."""

    model_config = ConfigDict(from_attributes=True)

    items: list[AlertAnswer]
    next_cursor: str | None
