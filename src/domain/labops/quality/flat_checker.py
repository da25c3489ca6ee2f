"""The flat map of the starter kit's simple checker, told as rules of the engine.

``required_columns, allowed_statuses, allowed_assays, allowed_machines, allowed_operators, max_tat_hours`` (default 24)
and ``future_date_tolerance_hours`` (default 1). Operators are checked here; the kit declares them and does not.
"""

from typing import Any

from domain.labops.quality.located import Located, located
from domain.labops.quality.problems import RuleProblem

_LISTS = {
    "allowed_statuses": ("status", "invalid_statuses"),
    "allowed_assays": ("assay", "invalid_assays"),
    "allowed_machines": ("machine_id", "invalid_machines"),
    "allowed_operators": ("operator_id", "invalid_operators"),
}
_NUMBERS = {"max_tat_hours": 24, "future_date_tolerance_hours": 1}
CHECKER_KEYS = frozenset(("required_columns", *_LISTS, *_NUMBERS))
_COMPLETED = located({"status": "COMPLETED"})


def rules_of_checker(document: Located, problems: list[RuleProblem]) -> Located:
    """Return the same as a document with ``rules``; each value keeps its line."""
    given = document.value
    assert isinstance(given, dict)
    for name in given:
        if name not in CHECKER_KEYS:
            told = f"is not known here; known: rules, or {', '.join(sorted(CHECKER_KEYS))}"
            problems.append(RuleProblem(name, told, document.key_lines.get(name)))
    rules: list[Located] = []
    if "required_columns" in given:
        rules.append(_rule("missing_columns", "required_columns", {"columns": given["required_columns"]}))
    for key, (column, name) in _LISTS.items():
        if key in given:
            values = {"column": located(column), "allowed_values": given[key]}
            rules.append(_rule(name, "allowed_values", values, given[key].line))
    rules.append(_rule("timestamp_ordering", "timestamp_order", {"when": _COMPLETED}))
    tolerance = given.get("future_date_tolerance_hours", located(_NUMBERS["future_date_tolerance_hours"]))
    rules.append(_rule("future_dates", "no_future_dates", {"tolerance_hours": tolerance}, tolerance.line))
    longest = given.get("max_tat_hours", located(_NUMBERS["max_tat_hours"]))
    rules.append(_rule("unreasonable_tat", "max_duration", {"max_hours": longest, "when": _COMPLETED}, longest.line))
    return Located({"rules": Located(rules, document.line)}, document.line)


def _rule(name: str, rule_type: str, parameters: dict[str, Any], line: int | None = None) -> Located:
    told = {"name": name, "description": name.replace("_", " "), "rule_type": rule_type}
    values: dict[str, Located] = {key: Located(text, line, text) for key, text in told.items()}
    return Located({**values, "parameters": Located(parameters, line)}, line)
