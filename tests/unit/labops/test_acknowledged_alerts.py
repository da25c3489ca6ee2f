"""What is told of an alert that somebody has acknowledged: only what is worse than they know, and its end."""

from datetime import timedelta

import pytest

from domain.labops.alert import Alert
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails, Measurement
from tests.unit.labops.test_alert_decisions import details, messages, minutes, raised, silence, values

AT_ONCE = timedelta()


def slow(**more: object) -> AlertRuleDetails:
    values = {"metric": AlertMetric.TAT_P90, "threshold": 100, "clear_threshold": 100, "cool_down": AT_ONCE}
    return details(**{**values, **more})


def acknowledged(rule: AlertRuleDetails, value: float) -> Alert:
    alert = raised(rule, value)
    assert alert.acknowledge("ann", "on it", minutes(1))
    return alert


def test_a_value_that_is_worse_by_a_twentieth_is_told_and_one_that_is_better_or_back_is_not() -> None:
    rule = slow()
    alert = acknowledged(rule, 300)
    seen = [500, 510, 300, 499, 510, 530, 530]
    for after, value in enumerate(seen, 2):
        alert.observe(rule, Measurement(value), minutes(after))
    assert messages(alert) == [("raised", 300), ("updated", 500), ("updated", 530)]
    assert values(alert) == [500, 300, 499, 530], "what is better is recorded"
    alert.observe(rule, Measurement(90), minutes(20))
    assert messages(alert)[3:] == [("resolved", 90)]


def test_a_value_that_creeps_is_told_when_it_has_come_a_twentieth_beyond_the_last_message() -> None:
    rule = slow()
    alert = acknowledged(rule, 300)
    for after in range(1, 31):
        alert.observe(rule, Measurement(300 + after), minutes(1 + after))
    assert messages(alert) == [("raised", 300), ("updated", 315)]


def test_worse_is_less_where_low_values_are_the_bad_ones() -> None:
    rule = details(
        metric=AlertMetric.THROUGHPUT,
        operator=AlertOperator.LT,
        threshold=90,
        clear_threshold=90,
        cool_down=AT_ONCE,
    )
    alert = acknowledged(rule, 50)
    for after, value in enumerate([55, 50, 48, 40, 0, 0, 5, 0], 2):
        alert.observe(rule, Measurement(value), minutes(after))
    assert messages(alert) == [("raised", 50), ("updated", 40), ("updated", 0)]


def test_a_severity_that_rises_is_told_once_however_often_it_falls_back() -> None:
    rule = slow()
    alert = acknowledged(rule, 149)
    for after, value in enumerate([151, 149, 151, 149, 151], 2):
        alert.observe(rule, Measurement(value), minutes(after))
    assert messages(alert) == [("raised", 149), ("updated", 151)]


def test_what_is_worse_in_the_cool_down_is_told_at_its_end_if_it_still_is() -> None:
    rule = slow(cool_down=timedelta(minutes=30))
    alert, other = acknowledged(rule, 300), acknowledged(rule, 300)
    for one, then in ((alert, 480), (other, 305)):
        one.observe(rule, Measurement(500), minutes(10))
        one.observe(rule, Measurement(then), minutes(29))
        assert messages(one) == [("raised", 300)]
        one.observe(rule, Measurement(then), minutes(30))
        one.observe(rule, Measurement(then), minutes(90))
    assert messages(alert) == [("raised", 300), ("updated", 480)]
    assert messages(other) == [("raised", 300)]


@pytest.mark.parametrize(("then", "told"), [(310, []), (330, [("raised", 330)])])
def test_one_that_was_acknowledged_before_its_first_message_is_told_when_it_is_worse_than_it_was_then(
    then: float, told: list[tuple[str, float]]
) -> None:
    rule = slow()
    alert = raised(rule, 300, quiet_until=minutes(10))
    assert alert.acknowledge("ann", "", minutes(1))
    alert.observe(rule, Measurement(then), minutes(11))
    alert.observe(rule, Measurement(then), minutes(12))
    assert messages(alert) == told


def test_a_silence_that_somebody_has_seen_is_told_again_when_it_is_bad_and_not_for_lasting() -> None:
    rule = silence()
    alert = acknowledged(rule, 31.0)
    for after in range(1, 300):
        alert.observe(rule, Measurement(31.0 + after), minutes(after))
    assert messages(alert) == [("raised", 31.0), ("updated", 46.0)]
