"""Bodies and answers around the rules of data quality."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.labops.quality.active_rules import ActiveRules

_RULE: dict[str, Any] = {
    "name": "Known statuses",
    "description": "The status is one of these",
    "rule_type": "allowed_values",
    "parameters": {"column": "status", "allowed_values": ["COMPLETED", "ERROR"]},
    "severity": "ERROR",
}


class RulesBody(StrictBody):
    """Rules: as data with a list `rules` (or the flat map of the simple checker), or the text of a YAML file in `yaml`.

    Of a text everything that is wrong is told with its line.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"rules": [_RULE]}]})

    yaml: Annotated[str, Field(max_length=131_072)] | None = None

    def document(self) -> dict[str, Any]:
        """Return the rules as they were sent."""
        return dict(self.model_extra or {})


class ValidRulesAnswer(BaseModel):
    """Rules that can be read."""

    status: Literal["valid"] = "valid"
    rules_loaded: int
    message: str


class RuleTypeAnswer(BaseModel):
    """A type of rules. `spelling`: `rule_type` with `parameters` below, or `type` with all of it side by side."""

    type: str
    spelling: Literal["rule_type", "type"]
    description: str
    example: dict[str, Any]


class RuleTemplatesAnswer(BaseModel):
    """Every type of rules with an example, and the rules that are there before anybody writes any."""

    rule_types: list[RuleTypeAnswer]
    sample_rules_file: str
    sample_rules: str


class StoredRulesAnswer(BaseModel):
    """The rules that count now: `source` is `stored`, or the bundled file's name.

    `version` counts the changes; it is 0 until somebody has written rules.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"source": "stored", "version": 3, "yaml": "rules: [...]", "rules": {"rules": [_RULE]}}]
        }
    )

    source: str
    version: int
    yaml: str
    rules: Any


def rules_answer(active: ActiveRules) -> StoredRulesAnswer:
    """Return rules as they are shown."""
    return StoredRulesAnswer(source=active.source, version=active.version, yaml=active.content, rules=active.document)
