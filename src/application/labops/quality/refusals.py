"""Refusals of rules and files, with lines."""

from dataclasses import asdict

from application.kernel.refusals import Refusal
from application.labops.imports.tried_import import TriedImport
from domain.labops.quality.problems import InvalidRulesError, UnreadableDataError


def rules_refused(error: InvalidRulesError, field: str) -> Refusal:
    """422: says of everything that is wrong where it stands; of the whole of it by the name of its ``field``."""
    errors = [{"field": one.field or field, "rule": one.rule, "line": one.line} for one in error.problems]
    return Refusal(422, "invalid-rules", "Invalid rules", str(error), errors=errors)


def data_refused(error: UnreadableDataError, as_import: TriedImport) -> Refusal:
    """400, in the starter kit's words: the file cannot be checked; with what an import would say all the same."""
    errors = [{"field": "file", "rule": str(error)}]
    detail = f"Validation error: {error}"
    return Refusal(400, "validation-error", "Validation error", detail, errors=errors, as_import=asdict(as_import))
