"""What metrics answer. Rates are fractions from 0 to 1, durations minutes unless named otherwise, times aware.

Without specimens every count and rate is zero and every list empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Grain(StrEnum):
    """Length of a bucket of time, on the lab's clock."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Specimens with a result that are left out: no usable time lies between their reception and it.

    Attributes:
        negative: processed before they were received.
        missing: without a processed time.
    """

    negative: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayTurnAround:
    """Turn-around of one assay in minutes."""

    assay: str
    p50: float
    p90: float
    p99: float
    total_specimens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAroundView:
    """Metric ``tat``: minutes from received to processed of completed specimens, quantiles interpolated linearly.

    Attributes:
        assay: what was asked for; None for all.
        total_specimens: number of usable turn-arounds.
        by_assay: by name.
    """

    p50: float
    p90: float
    p99: float
    assay: str | None
    total_specimens: int
    by_assay: list[AssayTurnAround]
    dropped: Dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputPoint:
    """Completed specimens of one bucket; ``timestamp`` is its first moment, in the lab's zone."""

    timestamp: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputView:
    """Metric ``throughput``: completed specimens by processed time.

    Attributes:
        data: ascending; empty buckets only on request.
        today: completed on the lab's day that is now, whatever ``from`` and ``to`` say.
        total: sum of all buckets.
    """

    data: list[ThroughputPoint]
    grain: Grain
    today: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Failed specimens of one machine, error code or assay.

    Attributes:
        category: ``machine_id``, ``error_code`` or ``assay``.
        count: failed specimens of the group.
        rate: ``count`` as a share of all specimens.
        rate_within: ``count`` as a share of ``specimens``.
        specimens: all specimens of that machine or assay; of an error code: all failed specimens.
    """

    category: str
    value: str
    count: int
    rate: float
    rate_within: float
    specimens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCell:
    """Failed specimens of one machine with one code; ``error_code`` is None where none is known."""

    machine_id: str
    error_code: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsView:
    """Metric ``errors``: failed specimens among all, by received time. Groups: most errors first, then by name.

    Attributes:
        by_machine, by_assay, by_error_code: only groups with an error; specimens without a code are in no code's group.
        by_machine_and_code: the cells of a heat map that are not zero, by machine and code.
    """

    by_machine: list[ErrorGroup]
    by_error_code: list[ErrorGroup]
    by_assay: list[ErrorGroup]
    by_machine_and_code: list[ErrorCell]
    total_errors: int
    total_specimens: int
    overall_error_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaGroup:
    """Breaches of one assay or machine; ``breach_rate`` is their share of its completed specimens."""

    value: str
    breach_count: int
    total_completed: int
    breach_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A completed specimen that took longer than its limit."""

    specimen_id: str
    assay: str
    machine_id: str
    turnaround_time_minutes: float
    received_at: datetime
    processed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreach:
    """A specimen that is still open although its limit is over; ``due_at`` is when it was."""

    specimen_id: str
    assay: str
    machine_id: str
    status: str
    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsView:
    """The limits that were applied, in hours."""

    default_hours: float
    by_assay: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaView:
    """Metric ``sla``: completed specimens that took strictly longer than their assay's limit, by processed time.

    Attributes:
        total_completed: completed specimens with a usable turn-around.
        sample_breaches: the first 20 by received time, then id.
        by_assay, by_machine: by name; groups without a breach too.
        open_breach_count: specimens received or in process past their limit now, whatever ``from`` and ``to`` say.
        open_breaches: the 20 of them that were received first.
    """

    breach_count: int
    total_completed: int
    breach_rate: float
    sample_breaches: list[Breach]
    by_assay: list[SlaGroup]
    by_machine: list[SlaGroup]
    limits: LimitsView
    open_breach_count: int
    open_breaches: list[OpenBreach]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedGroup:
    """Open specimens that have one thing in common, e.g. an assay."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBucket:
    """Open specimens by hours since they were received: ``from_hours`` inclusive, ``to_hours`` exclusive or None."""

    from_hours: float
    to_hours: float | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSpecimen:
    """One specimen that has no result yet."""

    specimen_id: str
    assay: str
    machine_id: str
    status: str
    received_at: datetime
    started_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WipView:
    """Metric ``wip``: specimens received or in process, by received time.

    Attributes:
        by_status, by_assay, by_machine: by name; both statuses are always there.
        ageing: all buckets, youngest first.
        oldest: the 20 that were received first.
    """

    total_open: int
    by_status: list[CountedGroup]
    by_assay: list[CountedGroup]
    by_machine: list[CountedGroup]
    ageing: list[AgeBucket]
    oldest: list[OpenSpecimen]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionView:
    """Metric ``reception``: what came in, by received time; ``last_received_at`` is None when nothing did."""

    count: int
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAroundPoint:
    """Turn-around in minutes of what was completed in one bucket."""

    timestamp: datetime
    p50: float
    p90: float
    p99: float
    total_specimens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsPoint:
    """Failed specimens among those received in one bucket."""

    timestamp: datetime
    total_errors: int
    total_specimens: int
    error_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPoint:
    """Breaches among what was completed in one bucket."""

    timestamp: datetime
    breach_count: int
    total_completed: int
    breach_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAroundSeries:
    """Metric ``tat_series``."""

    grain: Grain
    data: list[TurnAroundPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputSeries:
    """Metric ``throughput_series``."""

    grain: Grain
    data: list[ThroughputPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsSeries:
    """Metric ``errors_series``."""

    grain: Grain
    data: list[ErrorsPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaSeries:
    """Metric ``sla_series``."""

    grain: Grain
    limits: LimitsView
    data: list[SlaPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class WipPoint:
    """What was open at the end of a bucket: waiting for a machine, on one, and together."""

    timestamp: datetime
    received: int
    in_process: int
    total_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WipSeries:
    """Metric ``wip_series``.

    Attributes:
        data: every bucket from the first to the last, those without a change too.
        dropped: completed or failed specimens of which nobody knows until when they were open.
    """

    grain: Grain
    data: list[WipPoint]
    dropped: Dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTable:
    """What a metric answers that has no shape of its own: plain values (text, numbers, booleans, times or None)."""

    columns: list[str]
    rows: Sequence[Sequence[object]]
