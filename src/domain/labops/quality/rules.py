"""A set of rules, read from what somebody wrote, in any of the three spellings of the starter kit."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.labops.quality.checks import Check
from domain.labops.quality.column_checks import OnlyWhere
from domain.labops.quality.flat_checker import CHECKER_KEYS, rules_of_checker
from domain.labops.quality.located import Located
from domain.labops.quality.parameters import LONGEST_NAME, Parameters
from domain.labops.quality.problems import InvalidRulesError, RuleProblem
from domain.labops.quality.report import Severity
from domain.labops.quality.rule_types import ENGINE_TYPES, FLAT_TYPES, Circumstances, MakeChecks, RuleType

MOST_RULES = 200
LONGEST_DESCRIPTION = 1000
_COMMON = ("name", "description", "severity")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRule:
    """One rule.

    Attributes:
        rule_type: its name in the spelling it was written in.
        make: makes its checks for one table.
        where: column and values of the rows that it is for; None for all rows.
    """

    name: str
    description: str
    rule_type: str
    severity: Severity
    make: MakeChecks
    where: tuple[str, frozenset[str]] | None = None
    line: int | None = None

    def checks(self, there: Circumstances) -> list[Check]:
        """Return fresh checks for a table."""
        made = self.make(there)
        return made if self.where is None else [OnlyWhere(check, *self.where) for check in made]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in the order in which they were written; their names differ."""

    rules: tuple[QualityRule, ...]


def read_rules(document: Located) -> RuleSet:
    """Return the rules of a file.

    Raises:
        InvalidRulesError: something is wrong with them; tells all of it, with lines.
    """
    problems: list[RuleProblem] = []
    rules = _read(document, problems)
    if problems:
        raise InvalidRulesError(problems)
    return RuleSet(tuple(rules))


def _read(document: Located, problems: list[RuleProblem]) -> list[QualityRule]:
    if isinstance(document.value, list):
        document = Located({"rules": document}, document.line)  # as in the kit's sample in JSON
    top = document.value
    if not isinstance(top, dict):
        told = "must be a list of rules, or a mapping with one under the key rules"
        problems.append(RuleProblem("", told, document.line))
        return []
    if "rules" not in top and top.keys() & CHECKER_KEYS:
        document = rules_of_checker(document, problems)
        top = document.value
        assert isinstance(top, dict)
    problems.extend(
        RuleProblem(name, "is not known here; known: rules", document.key_lines.get(name))
        for name in top
        if name not in ("rules", "version", "description")
    )
    listed = top.get("rules")
    if listed is None or not isinstance(listed.value, list) or not 0 < len(listed.value) <= MOST_RULES:
        line = document.line if listed is None else listed.line
        problems.append(RuleProblem("rules", f"must be a list of 1 to {MOST_RULES} rules", line))
        return []
    rules: list[QualityRule] = []
    names: dict[str, int] = {}
    for number, node in enumerate(listed.value):
        rule = _rule(node, f"rules[{number}]", problems)
        if rule is None:
            continue
        if rule.name in names:
            told = f"is the name of rules[{names[rule.name]}] already"
            problems.append(RuleProblem(f"rules[{number}].name", told, _line_of_name(node)))
        names.setdefault(rule.name, number)
        rules.append(rule)
    return rules


def _line_of_name(node: Located) -> int | None:
    name = node.value.get("name") if isinstance(node.value, dict) else None
    return node.line if name is None else name.line


def _rule(node: Located, path: str, problems: list[RuleProblem]) -> QualityRule | None:
    given = node.value
    if not isinstance(given, dict):
        problems.append(RuleProblem(path, "must be a mapping", node.line))
        return None
    is_flat = "type" in given
    if is_flat and "rule_type" in given:
        problems.append(RuleProblem(f"{path}.type", "must not stand beside rule_type", node.key_lines.get("type")))
        return None
    rule_type = _type(given, path, node.line, problems, is_flat=is_flat)
    name = _text(given, "name", path, node.line, problems, required=True)
    description = _text(given, "description", path, node.line, problems, required=not is_flat)
    severity = _severity(given.get("severity"), path, problems)
    if rule_type is None:
        return None
    if is_flat:
        held: Mapping[str, Located] = {key: item for key, item in given.items() if key not in ("type", *_COMMON)}
        parameters = Parameters(held, node.key_lines, path, node.line, problems)
    else:
        parameters = _nested(node, given, path, problems)
    make = rule_type.read(parameters)
    where = None if rule_type.name == "required_columns" else parameters.condition("when")
    parameters.finish()
    return QualityRule(
        name=name,
        description=description,
        rule_type=rule_type.name,
        severity=severity,
        make=make,
        where=where,
        line=node.line,
    )


def _nested(node: Located, given: Mapping[str, Located], path: str, problems: list[RuleProblem]) -> Parameters:
    for key in given:
        if key not in ("rule_type", "parameters", *_COMMON):
            known = ", ".join((*_COMMON, "rule_type", "parameters"))
            told = f"is not known here; known: {known}; what the rule needs stands under parameters"
            problems.append(RuleProblem(f"{path}.{key}", told, node.key_lines.get(key)))
    inner = given.get("parameters")
    below = f"{path}.parameters"
    if inner is None or inner.value is None:
        return Parameters({}, {}, below, node.line, problems)
    if not isinstance(inner.value, dict):
        problems.append(RuleProblem(below, "must be a mapping", inner.line))
        return Parameters({}, {}, below, inner.line, [])
    return Parameters(inner.value, inner.key_lines, below, inner.line, problems)


def _type(
    given: Mapping[str, Located], path: str, line: int | None, problems: list[RuleProblem], *, is_flat: bool
) -> RuleType | None:
    key, types = ("type", FLAT_TYPES) if is_flat else ("rule_type", ENGINE_TYPES)
    node = given.get(key)
    if node is None:
        problems.append(RuleProblem(f"{path}.rule_type", "is missing", line))
        return None
    found = types.get(node.value) if isinstance(node.value, str) else None
    if found is None:
        told = f"must be one of: {', '.join(types)}"
        problems.append(RuleProblem(f"{path}.{key}", told, node.line))
    return found


def _text(
    given: Mapping[str, Located],
    key: str,
    path: str,
    line: int | None,
    problems: list[RuleProblem],
    *,
    required: bool,
) -> str:
    node = given.get(key)
    if node is None and not required:
        return ""
    text = "" if node is None or isinstance(node.value, dict | list) else node.text.strip()
    longest = LONGEST_NAME if key == "name" else LONGEST_DESCRIPTION
    told = "is missing" if node is None else f"must be a text of 1 to {longest} characters"
    if 0 < len(text) <= longest:
        told = "" if text.replace("\n", " ").isprintable() else "must not hold control characters or direction marks"
    if told:
        problems.append(RuleProblem(f"{path}.{key}", told, line if node is None else node.line))
    return text


def _severity(node: Located | None, path: str, problems: list[RuleProblem]) -> Severity:
    if node is None:
        return Severity.ERROR
    try:
        return Severity(str(node.value).upper())
    except ValueError:
        told = f"must be one of: {', '.join(Severity)}"
        problems.append(RuleProblem(f"{path}.severity", told, node.line))
        return Severity.ERROR
