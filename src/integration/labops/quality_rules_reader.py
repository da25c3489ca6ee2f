"""Rules files behind the application's port."""

import json
from typing import Any

import yaml

from application.labops.quality.ports import RulesReader
from domain.labops.quality.located import Located, located, plain
from domain.labops.quality.problems import InvalidRulesError, RuleProblem
from integration.labops.quality_yaml import LARGEST_FILE_BYTES, read_yaml


class SafeRulesReader(RulesReader):
    """YAML and JSON of bounded size and depth."""

    def read_yaml(self, content: bytes) -> Located:
        return read_yaml(content)

    def read_json(self, text: str) -> Located:
        if len(text) > LARGEST_FILE_BYTES:
            raise _wrong(f"must have at most {LARGEST_FILE_BYTES} characters")
        try:
            document = json.loads(text)
            found = located(document)
        except json.JSONDecodeError as error:
            raise _wrong(f"is no JSON: {error.msg}", error.lineno) from None
        except RecursionError:
            raise _wrong("must not be nested so deep") from None
        except ValueError as error:
            raise _wrong(str(error)) from None
        return _with_lines(text, document) or found

    def write(self, document: Any) -> str:
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def _with_lines(text: str, document: Any) -> Located | None:
    """Return JSON read as YAML, which knows its lines; None where the two do not mean the same."""
    try:
        found = read_yaml(text.encode())
    except InvalidRulesError:
        return None
    return found if plain(found) == document else None


def _wrong(rule: str, line: int | None = None) -> InvalidRulesError:
    return InvalidRulesError([RuleProblem("", rule, line)])
