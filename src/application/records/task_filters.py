"""What a filter of tasks says."""

from collections.abc import Mapping

from application.records.record_filters import DATA, read_filters, whole_number
from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.errors import InvalidFilterError
from domain.records.kinds.task import TASK
from domain.records.kinds.task_status import LEGACY_STATUSES, status_read

_TEXTS = ("priority", "assigned_to_type", "assigned_to_name")
_LINKS = ("audit_session_id", "workflow_run_id")


def read_task_filters(given: Mapping[str, str]) -> RecordFilter:
    """Return the filter that these names and values stand for: fields of tasks, ``username`` and ``data.<path>``.

    Raises:
        InvalidFilterError: a name is unknown, or a value cannot be one of its field's.
    """
    conditions = list(TASK.conditions)
    for name, value in given.items():
        if name == "status":
            status = status_read(value)
            stored = [status, *(legacy for legacy, meant in LEGACY_STATUSES.items() if meant == status)]
            conditions.append(Condition("data", stored, Lookup.IN, (name,)))
        elif name in _TEXTS:
            conditions.append(Condition("data", value, path=(name,)))
        elif name in _LINKS:
            number = whole_number(name, value)
            conditions.append(Condition("data", [number, str(number)], Lookup.IN, (name,)))
        elif name == "username" or name.startswith(DATA):
            conditions += read_filters({name: value}).conditions
        else:
            known = ", ".join(("status", *_TEXTS, "username", *_LINKS, "data.<path>"))
            raise InvalidFilterError(name, f"is no filter of tasks; known here: {known}")
    return RecordFilter(tuple(conditions))
