"""The figures of one overview agree with each other and with its counts, whatever times specimens bear."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.views import Grain
from application.labops.overview import GlanceView, OverviewQuestion, Overviews, OverviewView
from tests.support.measured import NOW, Measured
from tests.support.specimen_tables import specimen

DAY = OverviewQuestion(window=timedelta(days=1))
ALL = OverviewQuestion()
SINCE = OverviewQuestion(from_=NOW - timedelta(hours=2))
SLIP = datetime(2036, 1, 1, tzinfo=UTC)
ROWS = [
    specimen("A", received_at=NOW - timedelta(hours=3), minutes=60),
    specimen("B", received_at=NOW - timedelta(hours=3), minutes=90),
    specimen("AHEAD", received_at=NOW - timedelta(hours=1), processed_at=NOW + timedelta(minutes=20)),
    specimen("SLIP", received_at=NOW - timedelta(hours=3), processed_at=SLIP),
    specimen("OPEN", status="IN_PROCESS", received_at=NOW - timedelta(days=2)),
]


@dataclass(frozen=True, slots=True)
class Shown:
    overview: OverviewView
    glance: GlanceView


async def shown(question: OverviewQuestion) -> Shown:
    measured = Measured(ROWS)
    overviews = Overviews(measured.table, measured.metrics, None, measured.clock)
    return Shown(await overviews.compute_async(question), await overviews.glance_async(question))


@pytest.mark.parametrize(("question", "completed"), [(DAY, 3), (ALL, 4), (SINCE, 4)])
async def test_a_result_dated_far_ahead_is_counted_in_all_figures_or_in_none(
    question: OverviewQuestion, completed: int
) -> None:
    found = await shown(question)

    overview = found.overview
    counts = (overview.throughput.total, overview.tat.total_specimens, overview.sla.total_completed)
    assert counts == (completed,) * 3
    assert found.glance.completed == completed


async def test_without_a_window_figures_are_those_of_the_metrics_for_the_same_times() -> None:
    found = await shown(SINCE)
    measured = Measured(ROWS)

    same = await measured.ask_async("throughput", MetricFilter(from_=SINCE.from_))
    assert found.overview.throughput.total == same.total


@pytest.mark.parametrize("question", [DAY, ALL, SINCE])
async def test_buckets_end_with_the_one_that_is_now_or_of_a_clock_that_runs_ahead(question: OverviewQuestion) -> None:
    drawn = (await shown(question)).overview.throughput.data

    assert drawn[-1].timestamp <= NOW + timedelta(hours=1)
    assert len(drawn) <= 26
    assert sum(point.count for point in drawn) == 3


async def test_empty_hours_before_now_are_there_and_none_after() -> None:
    measured = Measured([specimen("A", received_at=NOW - timedelta(hours=6), minutes=60)])
    overview = await Overviews(measured.table, measured.metrics, None, measured.clock).compute_async(DAY)

    assert overview.grain is Grain.HOUR
    assert [point.timestamp for point in overview.throughput.data[-2:]] == [NOW - timedelta(hours=1), NOW]


@pytest.mark.parametrize("question", [OverviewQuestion(from_=SLIP - timedelta(days=900))])
async def test_a_time_that_begins_ahead_has_the_buckets_with_something_in_them(question: OverviewQuestion) -> None:
    overview = (await shown(question)).overview

    assert (overview.throughput.total, len(overview.throughput.data)) == (1, 1)


@pytest.mark.parametrize(("days", "grain"), [(1, Grain.HOUR), (3, Grain.HOUR), (7, Grain.DAY)])
async def test_a_window_keeps_its_grain(days: int, grain: Grain) -> None:
    assert OverviewQuestion(window=timedelta(days=days)).grain_at(NOW + timedelta(minutes=59)) is grain


async def test_work_in_progress_is_of_now_whatever_the_time() -> None:
    found = await shown(OverviewQuestion(from_=NOW - timedelta(hours=2), to=NOW - timedelta(hours=1)))

    assert (found.overview.wip.total_open, found.glance.open) == (1, 1)
