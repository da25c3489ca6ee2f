"""The metrics once more, in pandas and by the words of the contract: what ours are held against."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas

from application.labops.metric_filter import MetricFilter
from application.labops.specimen_table import Row
from tests.support.specimen_tables import COLUMNS

Frame = pandas.DataFrame


def frame_of(rows: Sequence[Row], wanted: MetricFilter, time: str) -> Frame:
    """Return the wanted rows."""
    frame = pandas.DataFrame([list(row) for row in rows], columns=list(COLUMNS))
    for column in ("received_at", "started_at", "processed_at"):
        frame[column] = pandas.to_datetime(frame[column], utc=True)
    if wanted.from_ is not None:
        frame = frame[frame[time] >= pandas.Timestamp(wanted.from_)]
    if wanted.to is not None:
        frame = frame[frame[time] < pandas.Timestamp(wanted.to)]
    if wanted.assay is not None:
        frame = frame[frame.assay == wanted.assay]
    if wanted.machine_id is not None:
        frame = frame[frame.machine_id == wanted.machine_id]
    return frame


def _completed(rows: Sequence[Row], wanted: MetricFilter) -> Frame:
    frame = frame_of(rows, wanted, "processed_at")
    frame = frame[frame.status == "COMPLETED"].copy()
    frame["minutes"] = (frame.processed_at - frame.received_at).dt.total_seconds() / 60
    return frame


def _quantiles(minutes: Any) -> tuple[float, float, float]:
    if not len(minutes):
        return 0.0, 0.0, 0.0
    p50, p90, p99 = (float(minutes.quantile(q)) for q in (0.5, 0.9, 0.99))
    return p50, p90, p99


def tat(rows: Sequence[Row], wanted: MetricFilter) -> dict[str, Any]:
    frame = _completed(rows, wanted)
    valid = frame[frame.minutes >= 0]
    return {
        "all": (*_quantiles(valid.minutes), len(valid)),
        "by_assay": {assay: (*_quantiles(part.minutes), len(part)) for assay, part in valid.groupby("assay")},
        "negative": int((frame.minutes < 0).sum()),
        "missing": int(frame.minutes.isna().sum()),
    }


def _floored(times: Any, grain: str, zone: ZoneInfo) -> list[datetime]:
    """Return the first moment of each time's bucket, one by one, by the zone's own arithmetic."""
    return [_floor(at.to_pydatetime(), grain, zone) for at in times]


def _floor(at: datetime, grain: str, zone: ZoneInfo) -> datetime:
    shown = at.astimezone(zone)
    if grain == "day":
        return shown.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return shown.replace(minute=0, second=0, microsecond=0)


def throughput(rows: Sequence[Row], wanted: MetricFilter, grain: str, zone: ZoneInfo) -> list[tuple[float, int]]:
    frame = _completed(rows, wanted)
    frame = frame[frame.processed_at.notna()]
    counts: dict[float, int] = {}
    for at in _floored(frame.processed_at, grain, zone):
        counts[at.timestamp()] = counts.get(at.timestamp(), 0) + 1
    return sorted(counts.items())


def errors(rows: Sequence[Row], wanted: MetricFilter) -> dict[str, Any]:
    frame = frame_of(rows, wanted, "received_at")
    failed = frame[frame.status == "ERROR"]
    total = len(frame)

    def groups(column: str) -> dict[str, tuple[int, float]]:
        counts = failed[failed[column].notna()].groupby(column).size()
        return {str(value): (int(count), count / total) for value, count in counts.items()}

    sizes = {column: frame.groupby(column).size().to_dict() for column in ("machine_id", "assay")}
    return {
        "total_errors": len(failed),
        "total_specimens": total,
        "rate": len(failed) / total if total else 0.0,
        **{column: groups(column) for column in ("machine_id", "error_code", "assay")},
        "sizes": sizes,
    }


def sla(rows: Sequence[Row], wanted: MetricFilter, default: float, by_assay: Mapping[str, float]) -> dict[str, Any]:
    frame = _completed(rows, wanted)
    frame = frame[frame.minutes >= 0]
    limit = frame.assay.map(lambda assay: by_assay.get(assay, default) * 60).astype(float)
    breaches = frame[frame.minutes > limit]

    def groups(column: str) -> dict[str, tuple[int, int]]:
        counts = breaches.groupby(column).size()
        return {
            str(value): (int(counts.get(value, 0)), int(total)) for value, total in frame.groupby(column).size().items()
        }

    return {
        "breaches": len(breaches),
        "total": len(frame),
        "assay": groups("assay"),
        "machine_id": groups("machine_id"),
        "first": list(breaches.sort_values(["received_at", "specimen_id"]).specimen_id[:20]),
    }


def _starts(frame: Frame, time: str, grain: str, zone: ZoneInfo) -> Any:
    return [at.timestamp() for at in _floored(frame[time], grain, zone)]


def tat_series(
    rows: Sequence[Row], wanted: MetricFilter, grain: str, zone: ZoneInfo
) -> list[tuple[float, float, float, float, int]]:
    frame = _completed(rows, wanted)
    frame = frame[frame.minutes >= 0]
    if frame.empty:
        return []
    minutes = frame.groupby(_starts(frame, "processed_at", grain, zone)).minutes
    counts, quantiles = minutes.size(), minutes.quantile([0.5, 0.9, 0.99]).unstack()
    return [(at, *quantiles.loc[at], int(count)) for at, count in counts.items()]


def _shares(frame: Frame, counted: str, time: str, grain: str, zone: ZoneInfo) -> list[tuple[float, int, int]]:
    if frame.empty:
        return []
    groups = frame.groupby(_starts(frame, time, grain, zone))[counted]
    return [(at, int(some), int(total)) for (at, some), total in zip(groups.sum().items(), groups.size(), strict=True)]


def errors_series(
    rows: Sequence[Row], wanted: MetricFilter, grain: str, zone: ZoneInfo
) -> list[tuple[float, int, int]]:
    frame = frame_of(rows, wanted, "received_at")
    return _shares(frame.assign(failed=frame.status == "ERROR"), "failed", "received_at", grain, zone)


def sla_series(
    rows: Sequence[Row], wanted: MetricFilter, grain: str, zone: ZoneInfo, default: float, by_assay: Mapping[str, float]
) -> list[tuple[float, int, int]]:
    frame = _completed(rows, wanted)
    frame = frame[frame.minutes >= 0]
    late = frame.minutes > frame.assay.map(lambda assay: by_assay.get(assay, default) * 60).astype(float)
    return _shares(frame.assign(late=late), "late", "processed_at", grain, zone)


def wip(rows: Sequence[Row], wanted: MetricFilter, now: datetime, edges: Sequence[float]) -> dict[str, Any]:
    frame = frame_of(rows, wanted, "received_at")
    frame = frame[frame.status.isin(["RECEIVED", "IN_PROCESS"])]
    hours = (pandas.Timestamp(now) - frame.received_at).dt.total_seconds() / 3600
    ages = Counter(sum(age >= edge for edge in edges) for age in hours)
    return {
        "total": len(frame),
        **{column: frame.groupby(column).size().to_dict() for column in ("status", "assay", "machine_id")},
        "ages": [ages[number] for number in range(len(edges) + 1)],
        "oldest": list(frame.sort_values(["received_at", "specimen_id"]).specimen_id[:20]),
    }


def wip_after(rows: Sequence[Row], wanted: MetricFilter, day: datetime) -> tuple[int, int]:
    """Return what was received and in process when a day of its zone, or the filter, ended: row by row."""
    end = day.replace(fold=0) + timedelta(days=1)
    if wanted.to is not None:
        end = min(end, wanted.to, key=datetime.timestamp)
    end = end.astimezone(UTC)
    received = in_process = 0
    for row in rows:
        _, assay, machine, _, status, _, arrived, begun, ended, _ = row
        if (wanted.assay or assay) != assay or (wanted.machine_id or machine) != machine:
            continue
        if status in ("COMPLETED", "ERROR"):
            if ended is None or ended < arrived:
                continue
        else:
            ended = None
            begun = (begun or arrived) if status == "IN_PROCESS" else None
        if arrived >= end or (ended is not None and ended < end):
            continue
        if begun is not None and max(begun, arrived) < end and (ended is None or begun <= ended):
            in_process += 1
        else:
            received += 1
    return received, in_process
