"""The state of the lab on one page: every metric over one snapshot of the table."""

import asyncio
import time
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from application.labops.alerts.ports import AlertViews
from application.labops.alerts.views import AlertFilter, AlertView
from application.labops.metric_filter import CLOCKS_APART, MetricFilter
from application.labops.metrics.service import Metrics
from application.labops.metrics.views import (
    ErrorsSeries,
    ErrorsView,
    Grain,
    SlaSeries,
    SlaView,
    ThroughputView,
    TurnAroundSeries,
    TurnAroundView,
    WipView,
)
from application.labops.specimen_table import SpecimenTable, TableSnapshot
from domain.kernel.clock import Clock

LONGEST_BY_HOUR = timedelta(days=3)
CHOICES_SECONDS = 5.0
MOST_ALERTS = 50
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OverviewQuestion:
    """Which specimens a page is about. ``window`` reaches back from now, and goes before ``from_`` and ``to``."""

    window: timedelta | None = None
    from_: datetime | None = None
    to: datetime | None = None
    assay: str | None = None
    machine_id: str | None = None

    def filter_at(self, now: datetime) -> MetricFilter:
        """Return the filter at a time.

        A window begins and ends with whole hours, so that one answer does for many changes. Its end lies a little after
        now, as that of rules does; without a window there is no end but the one that was asked for.
        """
        if self.window is None:
            return MetricFilter(self.from_, self.to, self.assay, self.machine_id)
        begin = (now - self.window).replace(minute=0, second=0, microsecond=0)
        return MetricFilter(begin, _end_at(now), self.assay, self.machine_id)

    def grain_at(self, now: datetime) -> Grain:
        """Return the grain at which the buckets of the time are neither too few nor too many."""
        wanted = self.filter_at(now)
        if wanted.from_ is None:
            return Grain.DAY
        end = now if self.window is not None or wanted.to is None else wanted.to
        return Grain.HOUR if end - wanted.from_ <= LONGEST_BY_HOUR + _HOUR else Grain.DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """All that the overview shows.

    Attributes:
        at: when it was computed.
        position, lag: of the log, up to which every fact is in it, and the commits that are not in it yet.
        changed_at: when the last fact in it was stored; None without any.
        from_, to: of the time that it is about; None where that is open.
        specimens: in the table, whatever is asked for.
        assays, machines: those that can be asked for.
        throughput: its buckets end with the one that is now where the time asked for has no end; what is dated later is
            in its total.
        wip: of now, whatever the time asked for.
        alerts: up to 50 of those that are not resolved, newest first.
    """

    at: datetime
    position: int
    lag: int
    changed_at: datetime | None
    from_: datetime | None
    to: datetime | None
    grain: Grain
    specimens: int
    assays: list[str]
    machines: list[str]
    tat: TurnAroundView
    throughput: ThroughputView
    errors: ErrorsView
    sla: SlaView
    wip: WipView
    tat_series: TurnAroundSeries
    errors_series: ErrorsSeries
    sla_series: SlaSeries
    alerts: list[AlertView]


@dataclass(frozen=True, slots=True, kw_only=True)
class GlanceView:
    """What one question to the table tells, long before the whole overview is computed.

    Attributes:
        position, lag, specimens: as in ``OverviewView``.
        completed, failed: of the time asked for, by processed and by received time.
        open: of now.
    """

    at: datetime
    position: int
    lag: int
    specimens: int
    completed: int
    failed: int
    open: int


def document_of(view: OverviewView) -> dict[str, Any]:
    """Return an overview as it is written in JSON, member by member."""
    return {one.name.rstrip("_"): getattr(view, one.name) for one in fields(view)}


class Overviews:
    """Computes overviews, each over one snapshot.

    Args:
        alerts: None where nobody raises any.
    """

    def __init__(self, table: SpecimenTable, metrics: Metrics, alerts: AlertViews | None, clock: Clock) -> None:
        self._table = table
        self._metrics = metrics
        self._alerts = alerts
        self._clock = clock
        self._choices: tuple[float, str, list[str], list[str]] | None = None

    async def compute_async(self, question: OverviewQuestion) -> OverviewView:
        """Return the overview as it is now.

        Raises:
            UnavailableError: the table or the store cannot be read.
            TooMuchAskedError: it would have too many buckets.
        """
        now = self._clock.now()
        wanted, grain = question.filter_at(now), question.grain_at(now)
        standing = MetricFilter(assay=question.assay, machine_id=question.machine_id)
        compute = self._metrics.compute_async
        with self._table.snapshot() as snapshot:
            (
                tat,
                throughput,
                errors,
                sla,
                wip,
                tats,
                failed,
                breached,
                (assays, machines),
                alerts,
            ) = await asyncio.gather(
                compute(snapshot, "tat", wanted),
                self._throughput_async(snapshot, question, now),
                compute(snapshot, "errors", wanted),
                compute(snapshot, "sla", wanted),
                compute(snapshot, "wip", standing),
                compute(snapshot, "tat_series", wanted, grain=grain),
                compute(snapshot, "errors_series", wanted, grain=grain),
                compute(snapshot, "sla_series", wanted, grain=grain),
                self._choices_async(snapshot),
                self._alerts_async(),
            )
            status = self._table.status()
            return OverviewView(
                at=now,
                position=snapshot.position,
                lag=max(0, status.head - snapshot.position),
                changed_at=snapshot.changed_at,
                from_=wanted.from_,
                to=wanted.to,
                grain=grain,
                specimens=status.specimens,
                assays=assays,
                machines=machines,
                tat=tat,
                throughput=throughput,
                errors=errors,
                sla=sla,
                wip=wip,
                tat_series=tats,
                errors_series=failed,
                sla_series=breached,
                alerts=alerts,
            )

    async def glance_async(self, question: OverviewQuestion) -> GlanceView:
        """Return the counts that are shown largest, as they are now.

        Raises:
            UnavailableError: the table cannot be read.
        """
        now = self._clock.now()
        wanted = question.filter_at(now)
        standing = MetricFilter(assay=question.assay, machine_id=question.machine_id)
        columns = (
            f"status = 'COMPLETED' AND processed_at IS NOT NULL AND {wanted.condition('processed_at')}",
            f"status = 'ERROR' AND {wanted.condition('received_at')}",
            f"status IN ('RECEIVED', 'IN_PROCESS') AND {standing.condition('received_at')}",
        )
        counts = ", ".join(f"count(*) FILTER ({column})" for column in columns)
        with self._table.snapshot() as snapshot:
            sql = f"SELECT {counts} FROM specimens"  # noqa: S608 - conditions of ours, values as parameters
            completed, failed, still_open = (await snapshot.fetch_async(sql, wanted.parameters))[0]
            status = self._table.status()
            return GlanceView(
                at=now,
                position=snapshot.position,
                lag=max(0, status.head - snapshot.position),
                specimens=status.specimens,
                completed=completed,
                failed=failed,
                open=still_open,
            )

    async def _throughput_async(
        self, snapshot: TableSnapshot, question: OverviewQuestion, now: datetime
    ) -> ThroughputView:
        """Return what was completed, with the empty buckets up to now and none beyond: one slip of the pen is no reason
        for years of them."""
        wanted, grain, end = question.filter_at(now), question.grain_at(now), _end_at(now)
        compute = self._metrics.compute_async
        if wanted.to is not None:
            view: ThroughputView = await compute(snapshot, "throughput", wanted, grain=grain, include_empty=True)
            return view if question.window is None else _trimmed(view, now)
        everything: ThroughputView = await compute(snapshot, "throughput", wanted, grain=grain)
        if wanted.from_ is not None and wanted.from_ >= end:
            return everything
        view = await compute(snapshot, "throughput", replace(wanted, to=end), grain=grain, include_empty=True)
        return replace(_trimmed(view, now), total=everything.total)

    async def _alerts_async(self) -> list[AlertView]:
        if self._alerts is None:
            return []
        return await self._alerts.list_async(AlertFilter(standing=True), MOST_ALERTS, None)

    async def _choices_async(self, snapshot: TableSnapshot) -> tuple[list[str], list[str]]:
        """Return the names there are. Asked for again after a while only: they hardly ever change."""
        kept = self._choices
        if kept is None or not kept[2] or (kept[1] != snapshot.stamp and time.monotonic() - kept[0] > CHOICES_SECONDS):
            names = await snapshot.fetch_async(
                "SELECT DISTINCT 0, assay FROM specimens UNION ALL SELECT DISTINCT 1, machine_id FROM specimens "
                "ORDER BY 1, 2 LIMIT 2000"
            )
            assays, machines = ([row[1] for row in names if row[0] == kind] for kind in (0, 1))
            kept = self._choices = (time.monotonic(), snapshot.stamp, assays, machines)
        return kept[2], kept[3]


def _end_at(now: datetime) -> datetime:
    """Return the end of the hour in which a clock that runs ahead may be."""
    return (now + CLOCKS_APART).replace(minute=0, second=0, microsecond=0) + _HOUR


def _trimmed(view: ThroughputView, now: datetime) -> ThroughputView:
    """Leave out the empty buckets that have not begun."""
    data = list(view.data)
    while data and not data[-1].count and data[-1].timestamp > now:
        data.pop()
    return replace(view, data=data)
