"""Which conditions the system of record is asked to compare. What it answers is filtered here again all the same."""

import re

from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.values import MAX_ID, RecordScope

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_LOOKUPS = {lookup.value for lookup in Lookup} | {
    "regex", "iregex", "range", "contained_by", "has_key", "has_keys", "has_any_keys", "overlap", "len", "date",
    "year", "month", "day", "search", "unaccent", "trigram_similar",
}  # fmt: skip
_MOST_CHARACTERS = 200


def parameters_for(scope: RecordScope, wanted: RecordFilter) -> dict[str, str]:
    """Return the query for a scope and those conditions that leave out nothing that is wanted.

    Its comparisons of ``data`` know text only, and a name it does not understand is an error 500: everything typed,
    every other lookup and every unusual key is left to us. A field of the scope would change which one decides.
    """
    parameters = {f"{kind.value}_id": str(number) for kind, number in scope.parts}
    for condition in wanted.conditions:
        sent = _sent(condition)
        if sent is not None:
            parameters.setdefault(*sent)
    return parameters


def _sent(condition: Condition) -> tuple[str, str] | None:
    value = condition.value
    if condition.lookup is not Lookup.EXACT:
        return None
    if condition.field in ("id", "labs_record_id"):
        return (condition.field, str(value)) if type(value) is int and 1 <= value <= MAX_ID else None
    if condition.field == "public":
        return ("public", str(value)) if type(value) is bool else None
    if type(value) is not str or not _is_sendable(value):
        return None
    if condition.field in ("experiment", "type"):
        return condition.field, value
    if condition.field == "username":
        return "user__username", value
    if condition.field == "data" and condition.path and all(map(_is_plain, condition.path)):
        return "__".join(("data", *condition.path)), value
    return None


def _is_plain(key: str) -> bool:
    return _KEY.fullmatch(key) is not None and key not in _LOOKUPS


def _is_sendable(value: str) -> bool:
    return 0 < len(value) <= _MOST_CHARACTERS and value.isprintable()
