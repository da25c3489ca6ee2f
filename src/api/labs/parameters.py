"""What stands in paths and query strings of the labs context."""

import re
from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator

from application.labs.views import LAB_SORTS

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?([Zz]|[+-][0-9:]{4,5})"
)
_DURATION = re.compile(r"P[0-9.YMWD]{0,40}(T[0-9.HMS]{2,40})?")


def _moment(value: object) -> object:
    """Refuse what would be read as a number of seconds or as a date without a time."""
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("must be a time as in RFC 3339, with an offset: 2026-01-31T12:00:00Z")
    return value


def _duration(value: object) -> object:
    """Refuse what would be read as a number of seconds or as a time of day."""
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        raise ValueError("must be an ISO 8601 duration, e.g. P7D or PT24H")
    return value


_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Region = Annotated[str, Path(min_length=1, max_length=64, description="Region of the worker.", examples=["eu-west"])]
WorkerIdPath = Annotated[str, Path(pattern=_UUID, description="Id of the worker.")]
RecordIdPath = Annotated[str, Path(pattern=_UUID[:-1] + r"\.[A-Za-z0-9_-]{1,64}$", description="Id of the lab record.")]
WorkerIdQuery = Annotated[str | None, Query(pattern=_UUID, description="Only labs of this worker.")]
WorkerStatus = Annotated[
    str | None,
    Query(
        pattern="^(active|inactive|decommissioned|unknown|reachable|unauthorised|not_ready|unreachable)$",
        description="Only workers of this status; decommissioned ones are left out unless asked for.",
    ),
]
RegionQuery = Annotated[str | None, Query(min_length=1, max_length=64, description="Only labs of this region.")]
StateQuery = Annotated[str | None, Query(min_length=1, max_length=64, description="Only labs in this state.")]
OwnerQuery = Annotated[str | None, Query(min_length=1, max_length=64, description="Only labs of this user name.")]
TextQuery = Annotated[
    str | None, Query(min_length=1, max_length=200, description="Text in title, description or notes, any case.")
]
Sort = Annotated[
    str,
    Query(
        pattern=f"^-?({'|'.join(LAB_SORTS)})$",
        description="Field to sort by; `-` in front for descending. `modified` is the time of the last change that was "
        "recorded, and may be older than what the controller says.",
    ),
]
AsOf = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_moment)] | None,
    Query(description="The lab as it was then (RFC 3339 with an offset)."),
]
Window = Annotated[
    timedelta,
    BeforeValidator(_duration),
    Query(gt=timedelta(0), le=timedelta(days=3660), description="ISO 8601 duration, e.g. `P7D` or `PT24H`."),
]
