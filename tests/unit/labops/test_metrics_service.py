"""What is computed once is given again for as long as it is right, and no longer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.metric import TooMuchAskedError
from application.labops.metrics.views import Grain
from domain.kernel.errors import NotThereError, UnavailableError
from tests.support.measured import NOW, Measured, policy_of
from tests.support.specimen_tables import NOON, specimen

ALL = MetricFilter()


async def test_an_unchanged_table_is_asked_once() -> None:
    measured = Measured([specimen("A", minutes=5)])
    first = await measured.ask_async("tat")
    asked = measured.table.asked

    assert await measured.ask_async("tat") is first
    assert measured.metrics.is_current(first, "tat", ALL)
    assert measured.table.asked == asked

    await measured.table.put_async(specimen("B", minutes=7))
    assert not measured.metrics.is_current(first, "tat", ALL)
    second = await measured.ask_async("tat")
    assert second.total_specimens == 2
    assert measured.metrics.is_current(second, "tat", ALL)
    assert not measured.metrics.is_current(first, "tat", ALL), "another has asked since"


async def test_those_who_ask_at_once_share_one_computation() -> None:
    measured = Measured([specimen("A", minutes=5)])
    await measured.ask_async("tat", MetricFilter(assay="CBC"))
    for_one = measured.table.asked

    views = await asyncio.gather(*(measured.ask_async("tat") for _ in range(50)))

    assert measured.table.asked == 2 * for_one
    assert all(view is views[0] for view in views)


async def test_one_who_gives_up_does_not_take_the_answer_from_others() -> None:
    measured = Measured([specimen("A", minutes=5)])
    impatient = asyncio.create_task(measured.ask_async("tat"))
    patient = asyncio.create_task(measured.ask_async("tat"))
    await asyncio.sleep(0)
    impatient.cancel()

    assert (await patient).total_specimens == 1


async def test_who_asks_after_a_change_gets_it_even_while_an_older_question_runs() -> None:
    measured = Measured([specimen("A", minutes=5)])
    older = asyncio.create_task(measured.ask_async("tat"))
    await asyncio.sleep(0)
    await measured.table.put_async(specimen("B", minutes=7))

    assert (await measured.ask_async("tat")).total_specimens == 2
    await older


async def test_limits_are_read_again_when_the_log_has_moved() -> None:
    measured = Measured([specimen("A", minutes=300)])
    before, of_one = await measured.ask_async("sla"), await measured.ask_async("sla", MetricFilter(assay="CBC"))
    assert before.breach_count == of_one.breach_count == 1
    assert measured.metrics.is_current(before, "sla", ALL)
    measured.policies.policy = policy_of(6.0)
    await measured.table.put_async(specimen("A", minutes=300))

    assert (await measured.ask_async("sla")).breach_count == 0
    assert (await measured.ask_async("sla")).limits.default_hours == 6.0


async def test_limits_that_another_question_has_read_end_every_answer_by_the_old_ones() -> None:
    measured = Measured([specimen("A", minutes=300)])
    of_one = await measured.ask_async("sla", MetricFilter(assay="CBC"))
    measured.policies.policy = policy_of(6.0)
    measured.table.move_log()

    assert (await measured.ask_async("sla")).breach_count == 0
    assert not measured.metrics.is_current(of_one, "sla", MetricFilter(assay="CBC"))


async def test_known_limits_go_on_holding_while_the_store_is_away() -> None:
    measured = Measured([specimen("A", minutes=300)], policy=policy_of(6.0))
    assert (await measured.ask_async("sla")).breach_count == 0
    measured.policies.error = UnavailableError("away", 1.0)
    await measured.table.put_async(specimen("B", minutes=300))

    assert (await measured.ask_async("sla")).total_completed == 2
    fresh = Measured([specimen("A", minutes=300)])
    fresh.policies.error = UnavailableError("away", 1.0)
    with pytest.raises(UnavailableError):
        await fresh.ask_async("sla")


async def test_an_open_specimen_is_late_right_after_its_limit() -> None:
    received = NOW - timedelta(hours=4)
    measured = Measured([specimen("A", status="RECEIVED", received_at=received)])
    before = await measured.ask_async("sla")
    assert before.open_breach_count == 0

    measured.clock.at += timedelta(microseconds=1)
    view = await measured.ask_async("sla", MetricFilter(from_=NOON, to=NOON))
    assert not measured.metrics.is_current(before, "sla", ALL)
    assert view.open_breach_count == 1
    assert (await measured.ask_async("sla")).open_breaches[0].due_at == NOW


async def test_open_specimens_are_listed_from_the_oldest_on_and_twenty_of_them() -> None:
    rows = [
        specimen(f"S{number:02}", status="IN_PROCESS", received_at=NOON - timedelta(minutes=number))
        for number in range(30)
    ]
    view = await Measured(rows).ask_async("sla")

    assert view.open_breach_count == 30
    assert [late.specimen_id for late in view.open_breaches] == [f"S{number:02}" for number in range(29, 9, -1)]


async def test_work_in_progress_ages_hour_by_hour() -> None:
    hours = [0.0, 0.99, 1.0, 3.0, 9.0, 80.0, -2.0]
    rows = [
        specimen(f"S{number}", status="RECEIVED", received_at=NOW - timedelta(hours=age))
        for number, age in enumerate(hours)
    ]
    measured = Measured([*rows, specimen("done", minutes=1)])
    view = await measured.ask_async("wip")

    assert view.total_open == 7
    assert [bucket.count for bucket in view.ageing] == [3, 1, 1, 0, 1, 0, 1]
    assert view.oldest[0].specimen_id == "S5"
    measured.clock.at += timedelta(hours=1)
    assert [bucket.count for bucket in (await measured.ask_async("wip")).ageing] == [1, 2, 1, 1, 1, 0, 1]


async def test_work_in_progress_over_time_begins_with_what_was_left_of_before() -> None:
    rows = [
        specimen("A", received_at=NOON - timedelta(hours=5), started_at=NOON + timedelta(minutes=30), minutes=380),
        specimen("B", status="IN_PROCESS", received_at=NOON - timedelta(hours=1)),
        specimen("C", status="RECEIVED", received_at=NOON + timedelta(hours=2)),
        specimen("D", status="ERROR", received_at=NOON),
        specimen("E", minutes=-5),
    ]
    measured = Measured(rows)
    view = await measured.ask_async("wip_series", MetricFilter(from_=NOON, to=NOON + timedelta(hours=4)))

    assert [(point.timestamp.hour, point.received, point.in_process) for point in view.data] == [
        (12, 0, 2),
        (13, 0, 1),
        (14, 1, 1),
        (15, 1, 1),
    ]
    assert (view.dropped.missing, view.dropped.negative) == (1, 1)
    now = await measured.ask_async("wip")
    assert view.data[-1].total_open == now.total_open == 2


async def test_work_in_progress_over_time_ends_now_and_goes_on_with_the_hours() -> None:
    measured = Measured([specimen("A", status="RECEIVED", received_at=NOW - timedelta(hours=2))])
    wanted = MetricFilter(from_=NOW - timedelta(hours=3), to=NOW + timedelta(days=400))
    until_now, of_all = await measured.ask_async("wip_series", wanted), await measured.ask_async("wip_series")
    assert [point.timestamp.hour for point in until_now.data] == [6, 7, 8, 9]
    assert [point.timestamp.hour for point in of_all.data] == [7]
    assert measured.metrics.is_current(until_now, "wip_series", wanted)

    measured.clock.at += timedelta(hours=1)

    assert not measured.metrics.is_current(until_now, "wip_series", wanted)
    assert measured.metrics.is_current(of_all, "wip_series", ALL)
    assert len((await measured.ask_async("wip_series", wanted)).data) == 5
    assert (await measured.ask_async("wip_series", MetricFilter(from_=NOW + timedelta(days=1)))).data == []


async def test_today_is_the_labs_day() -> None:
    # 23:30 UTC on 3 February is half past midnight in Berlin; the clock stands at 09:00 UTC on the 4th.
    row = specimen("A", received_at=datetime(2026, 2, 3, 20, tzinfo=UTC), minutes=210)

    assert (await Measured([row], zone="Europe/Berlin").ask_async("throughput")).today == 1
    assert (await Measured([row]).ask_async("throughput")).today == 0
    measured = Measured([row], zone="Europe/Berlin")
    assert (await measured.ask_async("throughput", MetricFilter(to=NOON))).today == 1
    measured.clock.at = datetime(2026, 2, 4, 23, tzinfo=UTC)
    assert (await measured.ask_async("throughput", MetricFilter(to=NOON))).today == 0


async def test_reception_says_when_the_last_one_came() -> None:
    view = await Measured([specimen("A"), specimen("B", received_at=NOW)]).ask_async("reception")

    assert (view.count, view.last_received_at) == (2, NOW)


async def test_a_metric_that_is_not_there() -> None:
    with pytest.raises(NotThereError):
        await Measured().ask_async("nothing")


async def test_zeros_are_bounded() -> None:
    measured = Measured([specimen("A", minutes=1)])
    wanted = MetricFilter(from_=datetime(1000, 1, 1, tzinfo=UTC))

    with pytest.raises(TooMuchAskedError):
        await measured.ask_async("throughput", wanted, grain=Grain.HOUR, include_empty=True)
    with pytest.raises(TooMuchAskedError):
        await measured.ask_async("throughput", wanted, grain=Grain.DAY, include_empty=True)
    assert len((await measured.ask_async("throughput", wanted)).data) == 1
