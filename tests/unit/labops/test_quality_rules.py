"""Rules as people write them: what is taken, and what is refused on which line."""

import json
import textwrap
import time

import pytest

from domain.labops.quality.located import located
from domain.labops.quality.problems import InvalidRulesError, RuleProblem
from domain.labops.quality.report import Severity
from domain.labops.quality.rule_types import ENGINE_TYPES, FLAT_TYPES
from domain.labops.quality.rules import read_rules
from integration.labops.quality_rules_reader import SafeRulesReader
from integration.labops.quality_yaml import LARGEST_FILE_BYTES, read_yaml


def problems_of(text: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(InvalidRulesError) as refused:
        read_rules(read_yaml(textwrap.dedent(text).encode()))
    return [(one.field, one.line, one.rule) for one in refused.value.problems]


def test_both_spellings_are_read_side_by_side() -> None:
    text = """\
    rules:
      - name: Order
        description: Received first
        rule_type: timestamp_order
        severity: WARNING
      - type: range
        name: Ranges
        description: In bounds
        rules:
          tat_hours: {min: 0, max: 72}
          quality_score: {min: 0}
      - type: custom_format
        name: Ids
        column: specimen_id
        format: alphanumeric
    """
    rules = read_rules(read_yaml(textwrap.dedent(text).encode())).rules
    assert [(rule.name, rule.rule_type, rule.severity, rule.line) for rule in rules] == [
        ("Order", "timestamp_order", Severity.WARNING, 2),
        ("Ranges", "range", Severity.ERROR, 6),
        ("Ids", "custom_format", Severity.ERROR, 12),
    ]


@pytest.mark.parametrize("name", [*(f"e:{n}" for n in ENGINE_TYPES), *(f"f:{n}" for n in FLAT_TYPES)])
def test_the_example_of_every_type_is_a_rule(name: str) -> None:
    rule_type = (ENGINE_TYPES if name[0] == "e" else FLAT_TYPES)[name[2:]]
    [rule] = read_rules(located({"rules": [dict(rule_type.example)]})).rules
    assert rule.rule_type == rule_type.name


def test_rules_may_stand_alone_as_a_list() -> None:
    rule = {"type": "completeness", "name": "A", "columns": ["a"]}
    [found] = read_rules(SafeRulesReader().read_json(json.dumps([rule]))).rules
    assert (found.name, found.line) == ("A", 1)
    assert problems_of("- type: completeness\n  name: A\n  columns: 3\n") == [
        ("rules[0].columns", 3, "must be a list of 1 to 1000 entries")
    ]


def test_the_flat_map_of_the_simple_checker_becomes_rules() -> None:
    text = b"required_columns: [specimen_id]\nallowed_machines: [M1, M2]\nmax_tat_hours: 12\n"
    names = [rule.name for rule in read_rules(read_yaml(text)).rules]
    assert names == ["missing_columns", "invalid_machines", "timestamp_ordering", "future_dates", "unreasonable_tat"]
    assert problems_of("allowed_assays: [CBC]\nmax_tat: 3\n")[0][:2] == ("max_tat", 2)


def test_everything_that_is_wrong_is_told_with_its_line() -> None:
    text = """\
    rules:
      - name: A
        description: a
        rule_type: no_such_type
      - name: B
        description: b
        rule_type: range_check
        parameters:
          column: x
          min: low
          most: 3
      - name: A2
        rule_type: completeness
        parameters:
          columns: []
          threshold: 1.5
        severity: FATAL
      - type: custom_format
        rule_type: completeness
      - plain text
      - type: custom_format
        name: F
        column: id
        format: python
    """
    assert [(field, line) for field, line, _ in problems_of(text)] == [
        ("rules[0].rule_type", 4),
        ("rules[1].parameters.min", 10),
        ("rules[1].parameters.most", 11),
        ("rules[2].description", 12),
        ("rules[2].severity", 17),
        ("rules[2].parameters.columns", 15),
        ("rules[2].parameters.threshold", 16),
        ("rules[3].type", 18),
        ("rules[4]", 20),
        ("rules[5].format", 24),
    ]


def test_a_name_with_a_direction_mark_is_told_so_and_not_that_it_is_too_long() -> None:
    text = 'rules:\n  - name: "PCR \\u202Eetal"\n    description: d\n    rule_type: timestamp_order\n'
    rule = "must not hold control characters or direction marks"
    assert ("rules[0].name", 2, rule) in problems_of(text)
    assert ("rules[0].name", 2, "must be a text of 1 to 200 characters") in problems_of(text.replace("PCR", "A" * 201))


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("rules:\n  - name: [", 2, "is no YAML"),
        ("rules: []", 1, "must be a list of 1 to 200 rules"),
        ("", 1, "must not be empty"),
        ("rules: 3", 1, "must be a list"),
        ("- a", 1, "must be a mapping"),
        ("a", 1, "must be a list of rules"),
        ("x: 1\nx: 2", 2, "twice"),
        ("a: &a [1]\nb: *a", 1, "anchors"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", 2, "tags"),
        ("a: !!str 1", 1, "tags"),
        ('a: 1\nb: "\\ud800"', 2, "character"),
        ('"\\0": 1', 1, "NUL"),
        ("a: 1\n---\nb: 2", 2, "one document"),
        ("? [a]\n: b", 1, "texts as keys"),
        ('a: 1\nb: "\x00"', 2, "control characters"),
        ("a: " + "[" * 5000, 1, "nested"),
        ("a: " + "{a: " * 300, 1, "nested"),
        ("rules:\n" + "- a\n" * 19999, None, "values"),
    ],
)
def test_hostile_and_broken_files_are_refused_with_their_line(text: str, line: int | None, rule: str) -> None:
    [(_, found, told)] = problems_of(text)
    assert rule in told
    assert line is None or found == line


def test_a_bomb_of_aliases_costs_nothing() -> None:
    levels = "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 30))
    started = time.monotonic()
    problems_of("x0: &x0 [lol]\n" + levels)
    assert time.monotonic() - started < 5


def test_files_that_are_too_large_or_no_text_are_refused() -> None:
    with pytest.raises(InvalidRulesError, match="at most"):
        read_yaml(b"a" * (LARGEST_FILE_BYTES + 1))
    with pytest.raises(InvalidRulesError, match="line 2: the document must be text in UTF-8"):
        read_yaml(b"a: 1\nb: \xff")


def test_words_that_only_older_yaml_reads_as_something_else_stay_words() -> None:
    node = read_yaml(b"a: [yes, 1:30, 2024-01-02, 1_000, .5, 1e3, 0x1F, ~, true]").value
    assert isinstance(node, dict)
    assert isinstance(node["a"].value, list)
    values = [item.value for item in node["a"].value]
    assert values == ["yes", "1:30", "2024-01-02", "1_000", 0.5, 1000.0, "0x1F", None, True]


def test_json_that_is_hostile_is_refused() -> None:
    reader = SafeRulesReader()
    for text in ('{"rules": ["\\ud800"]}', '{"\\u0000": 1}', "[" * 50_000, "[" * 20 + "]" * 20, "{", "9" * 5000):
        with pytest.raises(InvalidRulesError):
            reader.read_json(text)
    wide = [{"name": "A", "type": "custom_range", "column": "x", "min": float("inf"), "max": 10**400}]
    with pytest.raises(InvalidRulesError) as refused:
        read_rules(located({"rules": wide}))
    assert [one.field for one in refused.value.problems] == ["rules[0].min", "rules[0].max"]
    many = {"column": "x", "allowed_values": [10**400, float("nan")]}
    rule = {"name": "A", "description": "a", "rule_type": "allowed_values", "parameters": many}
    assert read_rules(located({"rules": [rule]})).rules


def test_names_differ() -> None:
    rule = {"name": "A", "description": "a", "rule_type": "uniqueness", "parameters": {"columns": ["id"]}}
    with pytest.raises(InvalidRulesError) as refused:
        read_rules(located({"rules": [rule, rule]}))
    assert refused.value.problems == (RuleProblem("rules[1].name", "is the name of rules[0] already"),)
    text = "".join(f"- type: completeness\n  columns: [{one}]\n  name: A\n" for one in "ab")
    assert problems_of(f"rules:\n{text}") == [("rules[1].name", 7, "is the name of rules[0] already")]
    assert [one[0] for one in problems_of("rules: [{type: completeness, columns: [a]}, {type: completeness}]")]


def test_json_on_several_lines_is_told_with_them() -> None:
    reader = SafeRulesReader()

    def lines_of(text: str) -> list[tuple[str, int | None]]:
        with pytest.raises(InvalidRulesError) as refused:
            read_rules(reader.read_json(text))
        return [(one.field, one.line) for one in refused.value.problems]

    rule = {"name": "A", "description": "a", "rule_type": "nonsense", "parameters": {"columns": ["id"]}}
    assert lines_of(json.dumps({"rules": [rule]}, indent=2)) == [("rules[0].rule_type", 6)]
    assert lines_of(json.dumps({"rules": [rule]}, indent="\t")) in (
        [("rules[0].rule_type", 6)],
        [("rules[0].rule_type", None)],
    )
    assert lines_of('{"rules": [{"name": "A", "name": "B",\n "type": "nonsense"}]}') == [("rules[0].type", None)]
    good = json.dumps({"rules": [{**rule, "rule_type": "uniqueness"}]}, indent=1)
    assert [one.line for one in read_rules(reader.read_json(good)).rules] == [3]
