"""Metric ``sla``: which promise of a turn-around is broken."""

from datetime import UTC, datetime, timedelta
from typing import Any

from application.labops.metrics.buckets import bucketed_async
from application.labops.metrics.lab_calendar import EPOCH, microseconds_of
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.turn_around import MICROSECONDS
from application.labops.metrics.views import Breach, LimitsView, OpenBreach, SlaGroup, SlaPoint, SlaSeries, SlaView
from application.labops.specimen_table import Row
from domain.labops.sla_limits import SlaLimits

SAMPLES = 20
_MICROSECONDS_IN_HOUR = 3_600_000_000


def limit_sql(limits: SlaLimits) -> tuple[str, dict[str, Any]]:
    """Return the SQL expression of a specimen's limit in microseconds, and its values."""
    values = {f"assay{index}": assay for index, assay in enumerate(limits.by_assay)}
    if not values:
        return str(_limit(limits.default_hours)), {}
    cases = " ".join(f"WHEN ${name} THEN {_limit(limits.by_assay[assay])}" for name, assay in values.items())
    return f"CASE assay {cases} ELSE {_limit(limits.default_hours)} END", values


def past_limit_sql(limits: SlaLimits, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of a specimen that is past its limit, open or completed, and its values."""
    limit, values = limit_sql(limits)
    values["now"] = microseconds_of(now)
    late = f"status IN ('RECEIVED', 'IN_PROCESS') AND epoch_us(received_at) + {limit} < $now"
    return f"(({late}) OR (status = 'COMPLETED' AND {MICROSECONDS} > {limit}))", values


def _limit(hours: float) -> int:
    return round(hours * _MICROSECONDS_IN_HOUR)


def aware(naive: datetime) -> datetime:
    """Return a time of the table as aware UTC."""
    return naive.replace(tzinfo=UTC)


class Promises(Metric):
    """Specimens that took longer than promised, and those that are late already."""

    name = "sla"
    description = "Completed specimens that took longer than their assay's limit, and open ones that are past it now."
    inputs = ("specimen_id", "assay", "machine_id", "status", "received_at", "processed_at")
    filters_on = "processed_at"
    uses_limits = True

    async def answer_async(self, asked: Asked) -> SlaView:
        limit, values = limit_sql(asked.limits)
        done = (
            f"done AS (SELECT *, {MICROSECONDS} AS us, {limit} AS most FROM specimens "  # noqa: S608
            f"WHERE status = 'COMPLETED' AND {MICROSECONDS} >= 0)"
        )
        groups = await asked.specimens.select_async(
            "SELECT grouping(assay, machine_id), coalesce(assay, machine_id), sum(breaches)::BIGINT, "
            "sum(total)::BIGINT FROM cells GROUP BY GROUPING SETS ((assay), (machine_id), ()) ORDER BY 1, 2",
            values,
            also=f"{done}, cells AS (SELECT assay, machine_id, count(*) FILTER (us > most) AS breaches, "  # noqa: S608
            "count(*) AS total FROM done GROUP BY 1, 2)",
        )
        _, _, breaches, total = groups[-1]
        breaches, total = breaches or 0, total or 0
        samples: list[Row] = []
        if breaches:
            samples = await asked.specimens.select_async(
                "SELECT specimen_id, assay, machine_id, us / 60e6, received_at, processed_at FROM done "  # noqa: S608
                f"WHERE us > most ORDER BY received_at, specimen_id LIMIT {SAMPLES}",
                values,
                also=done,
            )
        late, late_count = await self._late_async(asked)
        return SlaView(
            breach_count=breaches,
            total_completed=total,
            breach_rate=breaches / total if total else 0.0,
            sample_breaches=[_breach(row) for row in samples],
            by_assay=[_group(row) for row in groups if row[0] == 0b01],
            by_machine=[_group(row) for row in groups if row[0] == 0b10],
            limits=_limits(asked.limits),
            open_breach_count=late_count,
            open_breaches=late,
        )

    async def _late_async(self, asked: Asked) -> tuple[list[OpenBreach], int]:
        limit, values = limit_sql(asked.limits)
        values["now"] = microseconds_of(asked.now)
        waiting = (
            f"waiting AS (SELECT *, {limit} AS most, epoch_us(received_at) + {limit} AS due FROM specimens "  # noqa: S608
            "WHERE status IN ('RECEIVED', 'IN_PROCESS'))"
        )
        counts = await asked.specimens.select_async(
            "SELECT count(*) FILTER (due < $now), min(due) FILTER (due >= $now) FROM waiting",
            values,
            also=waiting,
            whenever=True,
        )
        count, next_due = counts[0]
        if next_due is not None:
            asked.valid_until = EPOCH + timedelta(microseconds=next_due + 1)
        if not count:
            return [], 0
        rows = await asked.specimens.select_async(
            "SELECT specimen_id, assay, machine_id, status, received_at, most FROM waiting "  # noqa: S608
            f"WHERE due < $now ORDER BY received_at, specimen_id LIMIT {SAMPLES}",
            values,
            also=waiting,
            whenever=True,
        )
        return [_open_breach(row) for row in rows], count


def _limits(limits: SlaLimits) -> LimitsView:
    return LimitsView(default_hours=limits.default_hours, by_assay=dict(limits.by_assay))


def _group(row: Row) -> SlaGroup:
    _, value, breaches, total = row
    return SlaGroup(value=value, breach_count=breaches, total_completed=total, breach_rate=breaches / total)


def _breach(row: Row) -> Breach:
    return Breach(
        specimen_id=row[0],
        assay=row[1],
        machine_id=row[2],
        turnaround_time_minutes=row[3],
        received_at=aware(row[4]),
        processed_at=aware(row[5]),
    )


def _open_breach(row: Row) -> OpenBreach:
    received_at = aware(row[4])
    return OpenBreach(
        specimen_id=row[0],
        assay=row[1],
        machine_id=row[2],
        status=row[3],
        received_at=received_at,
        due_at=received_at + timedelta(microseconds=row[5]),
    )


class PromisesOverTime(Metric):
    """Broken promises by the hour or day of the result."""

    name = "sla_series"
    description = "Breaches of the limits and their share by hour or day of the processed time."
    inputs = ("assay", "status", "received_at", "processed_at")
    filters_on = "processed_at"
    uses_limits = True

    async def answer_async(self, asked: Asked) -> SlaSeries:
        def point(at: datetime, row: Row) -> SlaPoint:
            breaches, total = row
            return SlaPoint(timestamp=at, breach_count=breaches, total_completed=total, breach_rate=breaches / total)

        limit, values = limit_sql(asked.limits)
        data = await bucketed_async(
            asked,
            "processed_at",
            where=f"status = 'COMPLETED' AND {MICROSECONDS} >= 0",
            values=f"count(*) FILTER ({MICROSECONDS} > {limit}), count(*)",
            point=point,
            parameters=values,
        )
        return SlaSeries(grain=asked.grain, limits=_limits(asked.limits), data=data)
