"""Bodies and answers around rules of alerts."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.labops.alerts.views import EvaluationOutcome
from domain.labops.alert_durations import LONGEST_TEXT, parse_duration
from domain.labops.alert_errors import InvalidAlertRuleError
from domain.labops.alert_values import LONGEST_NAME, MOST_CHANNELS, AlertMetric, AlertOperator, AlertRuleDetails
from domain.labops.values import LONGEST_ASSAY, LONGEST_MACHINE_ID

_RULE_ID = "5b0f8a1c2d3e4f5061728394a5b6c7d8"
CHANNEL_ID = "c7d85b0f8a1c2d3e4f5061728394a5b6"
_RULE: dict[str, Any] = {
    "name": "Too many late results",
    "metric": "sla_breach_rate",
    "operator": "gt",
    "threshold": 0.1,
    "clear_threshold": 0.05,
    "window": "P1D",
    "cool_down": "PT30M",
    "filters": {"assay": "PCR", "machine_id": None},
    "channels": [CHANNEL_ID],
    "active": True,
}
_EVALUATION: dict[str, Any] = {
    "rule_id": _RULE_ID,
    "evaluated_at": "2026-03-01T12:00:00Z",
    "outcome": "raised",
    "value": 0.18,
    "specimens": 318,
    "breached": True,
    "alert_id": f"{_RULE_ID}-1",
}
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Metric = Annotated[
    AlertMetric,
    Field(
        strict=False,
        description="Rates are fractions from 0 to 1, `tat_p90` and `silence` minutes, `open_breaches` specimens that "
        "are late now, `throughput` specimens completed within the window.",
    ),
]
Operator = Literal["gt", "gte", "lt", "lte", ">", ">=", "<", "<="]
Threshold = Annotated[float, Field(ge=0, strict=False, description="Beyond it an alert is raised.")]
ClearThreshold = Annotated[
    float,
    Field(ge=0, strict=False, description="An alert stands until the value is no longer beyond this one."),
]
Duration = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, description="ISO 8601, e.g. `PT15M` or `P1D`.")]
ChannelIds = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_CHANNELS)]


class RuleFilters(StrictBody):
    """Only specimens of these; what is left out or null leaves nothing out."""

    assay: Annotated[str, Field(min_length=1, max_length=LONGEST_ASSAY)] | None = None
    machine_id: Annotated[str, Field(min_length=1, max_length=LONGEST_MACHINE_ID)] | None = None


class DefineAlertRuleBody(StrictBody):
    """A rule. Without `clear_threshold` an alert ends where it began."""

    name: Name
    metric: Metric
    operator: Operator
    threshold: Threshold
    clear_threshold: ClearThreshold | None = None
    window: Duration = "P1D"
    cool_down: Duration = "PT30M"
    filters: RuleFilters = RuleFilters()
    channels: ChannelIds = Field(default_factory=list)
    active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [_RULE]})

    def details(self) -> AlertRuleDetails:
        """Return the rule.

        Raises:
            InvalidAlertRuleError: a field breaks a rule.
        """
        return AlertRuleDetails(
            name=self.name,
            metric=self.metric,
            operator=AlertOperator(_SIGNS.get(self.operator, self.operator)),
            threshold=self.threshold,
            clear_threshold=self.threshold if self.clear_threshold is None else self.clear_threshold,
            window=_duration("window", self.window),
            cool_down=_duration("cool_down", self.cool_down),
            assay=self.filters.assay,
            machine_id=self.filters.machine_id,
            channels=tuple(self.channels),
            active=self.active,
        )


class ChangeAlertRuleBody(StrictBody):
    """What is to be changed; what is left out stays. `filters` are changed as a whole."""

    name: Name = Field(default_factory=str)
    metric: Metric = Field(default=AlertMetric.TAT_P90)
    operator: Operator = "gt"
    threshold: Threshold = 0.0
    clear_threshold: ClearThreshold = 0.0
    window: Duration = "P1D"
    cool_down: Duration = "PT30M"
    filters: RuleFilters = RuleFilters()
    channels: ChannelIds = Field(default_factory=list)
    active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})

    def changes(self) -> dict[str, Any]:
        """Return what was given, by the names of ``AlertRuleDetails``.

        Raises:
            InvalidAlertRuleError: a duration is none.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "operator" in given:
            given["operator"] = AlertOperator(_SIGNS.get(self.operator, self.operator))
        for name in ("window", "cool_down"):
            if name in given:
                given[name] = _duration(name, given[name])
        if "channels" in given:
            given["channels"] = tuple(self.channels)
        filters = given.pop("filters", None)
        return given if filters is None else {**given, "assay": filters.assay, "machine_id": filters.machine_id}


def _duration(field: str, text: str) -> Any:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidAlertRuleError(field, str(error)) from None


class EvaluationAnswer(BaseModel):
    """One evaluation. `value` is null without data, `alert_id` the alert that it is about."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EVALUATION]})

    rule_id: str
    evaluated_at: datetime
    outcome: EvaluationOutcome
    value: float | None
    specimens: int
    breached: bool
    alert_id: str | None


class FiltersAnswer(BaseModel):
    """Only specimens of these; null for all."""

    assay: str | None
    machine_id: str | None


class AlertRuleAnswer(BaseModel):
    """A rule with its last evaluation, which is null before the first."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "rule_id": _RULE_ID,
                    **_RULE,
                    "defined_at": "2026-03-01T11:00:00Z",
                    "changed_at": "2026-03-01T11:00:00Z",
                    "version": 1,
                    "last_evaluation": _EVALUATION,
                }
            ]
        },
    )

    rule_id: str
    name: str
    metric: AlertMetric
    operator: AlertOperator
    threshold: float
    clear_threshold: float
    window: str
    cool_down: str
    filters: FiltersAnswer
    channels: list[str]
    active: bool
    defined_at: datetime
    changed_at: datetime
    version: int
    last_evaluation: EvaluationAnswer | None


class AlertRulesPage(BaseModel):
    """Rules in the order of their definition."""

    model_config = ConfigDict(from_attributes=True)

    items: list[AlertRuleAnswer]
    next_cursor: str | None
