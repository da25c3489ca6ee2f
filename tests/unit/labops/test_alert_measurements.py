"""What alert rules are held against, where it is not the metrics' own business."""

from datetime import timedelta
from typing import cast

import pytest

from application.kernel.event_feed import EventFeed
from application.labops.alerts import metric_values
from application.labops.alerts.metric_values import MetricValues
from domain.kernel.errors import UnavailableError
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails, Measurement
from tests.support.measured import NOW, Measured
from tests.support.specimen_tables import specimen


class Log:
    """A log that is so long."""

    def __init__(self, head: int = 0) -> None:
        self.head = head

    async def head_async(self) -> int:
        return self.head


def values_of(measured: Measured, head: int = 0) -> MetricValues:
    return MetricValues(measured.metrics, measured.table, cast(EventFeed, Log(head)))


async def measure(measured: Measured, metric: AlertMetric, **more: str) -> Measurement:
    rule = AlertRuleDetails(
        name="r",
        metric=metric,
        operator=AlertOperator.LT,
        threshold=0.5,
        clear_threshold=0.5,
        window=timedelta(hours=1),
        cool_down=timedelta(),
        **more,  # type: ignore[arg-type]
    )
    return await values_of(measured).measure_async(rule, NOW, NOW - timedelta(days=9))


async def test_a_window_begins_where_it_says_and_ends_a_little_after_now() -> None:
    def done(name: str, minutes: float, status: str = "COMPLETED") -> tuple[object, ...]:
        at = NOW + timedelta(minutes=minutes)
        return specimen(name, status=status, received_at=at, processed_at=at)

    rows = [done("A", -60), done("B", -61), done("C", 59), done("D", 61), done("E", 500_000)]
    rows += [done("F", -59, "ERROR"), done("G", 70, "ERROR"), done("H", -70, "ERROR")]
    measured = Measured(rows)
    assert await measure(measured, AlertMetric.THROUGHPUT) == Measurement(2.0, 2)
    errors = await measure(measured, AlertMetric.ERROR_RATE)
    assert errors.value == pytest.approx(1 / 3)
    assert (errors.specimens, errors.concerned) == (3, 1)
    assert (await measure(measured, AlertMetric.TAT_P90)).specimens == 2
    assert (await measure(measured, AlertMetric.SLA_BREACH_RATE)).specimens == 2


async def test_a_silence_lasts_since_the_last_receipt_that_can_be_true() -> None:
    old, slip = (
        specimen("A", received_at=NOW - timedelta(hours=2)),
        specimen("B", received_at=NOW + timedelta(days=300)),
    )
    assert (await measure(Measured([old, slip]), AlertMetric.SILENCE)).value == 120
    ahead = specimen("C", received_at=NOW + timedelta(minutes=5))
    assert (await measure(Measured([old, ahead]), AlertMetric.SILENCE)).value == 0, "clocks differ"
    assert (await measure(Measured([slip]), AlertMetric.SILENCE)).value == 9 * 1440, "since there is the rule"
    assert (await measure(Measured([old]), AlertMetric.SILENCE, machine_id="M9")).value == 9 * 1440


async def test_where_nothing_ever_came_nothing_is_missing_and_where_something_did_nothing_is_zero() -> None:
    assert (await measure(Measured(), AlertMetric.THROUGHPUT)).value is None
    measured = Measured([specimen("A", received_at=NOW - timedelta(days=30), minutes=5)])
    assert (await measure(measured, AlertMetric.THROUGHPUT)).value == 0.0
    for metric in (AlertMetric.ERROR_RATE, AlertMetric.TAT_P90, AlertMetric.SLA_BREACH_RATE):
        assert (await measure(measured, metric)).value is None, metric


async def test_a_table_that_stays_behind_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a start half of the specimens would be a silence, and too little throughput."""
    monkeypatch.setattr(metric_values, "CATCH_UP_SECONDS", 0.01)
    measured = Measured([specimen("A", minutes=5)])
    with pytest.raises(UnavailableError, match="behind the log"):
        await values_of(measured, head=99).day_async(NOW - timedelta(days=1), NOW)
