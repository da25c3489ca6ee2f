"""When alerts are raised, followed, resolved, and what is said of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from application.labops.alerts.messages import message_of
from domain.labops.alert import Alert
from domain.labops.alert_channel import AlertChannel, AlertChannelDetails, ChannelKind
from domain.labops.alert_durations import duration_text, parse_duration, spoken
from domain.labops.alert_errors import AlertResolvedError, AlertRuleRemovedError, InvalidAlertChannelError
from domain.labops.alert_errors import InvalidAlertRuleError as Invalid
from domain.labops.alert_events import AlertAnnouncedDomainEvent, AlertUpdatedDomainEvent
from domain.labops.alert_rule import AlertRule
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails, AlertSeverity, Measurement

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def details(**more: Any) -> AlertRuleDetails:
    values: dict[str, Any] = {
        "name": "too many breaches",
        "metric": AlertMetric.SLA_BREACH_RATE,
        "operator": AlertOperator.GT,
        "threshold": 0.2,
        "clear_threshold": 0.1,
        "window": timedelta(hours=24),
        "cool_down": timedelta(minutes=30),
        "channels": ("c1",),
    }
    return AlertRuleDetails(**{**values, **more})


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def raised(rule: AlertRuleDetails, value: float = 0.25, quiet_until: datetime | None = None) -> Alert:
    return Alert.raise_for("r1", rule, 1, Measurement(value, 100, 25, (("CBC", 7),)), quiet_until, START)


def types(alert: Alert) -> list[str]:
    return [event.event_type.split(".")[1].removeprefix("alert-") for event in alert.pending_events]


def values(alert: Alert) -> list[float]:
    return [event.value for event in alert.pending_events if isinstance(event, AlertUpdatedDomainEvent)]


def messages(alert: Alert) -> list[tuple[str, float]]:
    told = [event for event in alert.pending_events if isinstance(event, AlertAnnouncedDomainEvent)]
    return [(event.kind, event.value or 0.0) for event in told]


def test_an_alert_is_raised_and_told_in_one_commit() -> None:
    alert = raised(details())
    assert types(alert) == ["raised", "announced"]
    told = alert.pending_events[1]
    assert (told.channels, told.top_assays, told.top_counts, told.concerned) == (["c1"], ["CBC"], [7], 25)  # type: ignore[attr-defined]
    assert alert.state.id == "r1-1"
    assert alert.state.quiet_until == minutes(30)


def test_a_value_between_the_limits_neither_raises_nor_resolves() -> None:
    rule = details()
    assert not rule.breached_by(0.2)
    alert = raised(rule)
    alert.observe(rule, Measurement(0.11), minutes(1))
    assert "resolved" not in types(alert)
    alert.observe(rule, Measurement(0.1), minutes(40))
    assert not alert.state.is_open
    assert messages(alert) == [("raised", 0.25), ("resolved", 0.1)]


@pytest.mark.parametrize(
    ("operator", "threshold", "clear", "breach", "between", "good"),
    [
        (AlertOperator.GT, 10, 5, 10.1, 5.1, 5),
        (AlertOperator.GTE, 10, 5, 10, 5, 4.9),
        (AlertOperator.GTE, 10, 10, 10, 10, 9.9),
        (AlertOperator.LT, 10, 20, 9.9, 19.9, 20),
        (AlertOperator.LTE, 10, 20, 10, 20, 20.1),
    ],
)
def test_each_operator_has_its_own_edge(
    operator: AlertOperator, threshold: float, clear: float, breach: float, between: float, good: float
) -> None:
    rule = details(metric=AlertMetric.TAT_P90, operator=operator, threshold=threshold, clear_threshold=clear)
    assert rule.breached_by(breach)
    assert not rule.cleared_by(between)
    assert rule.cleared_by(good)


def test_what_changes_in_the_cool_down_is_recorded_and_told_once_at_its_end() -> None:
    rule = details()
    alert = raised(rule)
    for at, value in ((5, 0.28), (10, 0.4), (29, 0.3)):
        alert.observe(rule, Measurement(value), minutes(at))
    assert types(alert) == ["raised", "announced", "updated", "updated", "updated"]
    alert.observe(rule, Measurement(0.3), minutes(30))
    assert messages(alert) == [("raised", 0.25), ("updated", 0.3)]
    alert.observe(rule, Measurement(0.3), minutes(31))
    alert.observe(rule, Measurement(0.3), minutes(90))
    assert len(messages(alert)) == 2, "the same state is never told twice"


def test_a_value_that_hardly_moves_is_neither_recorded_nor_told_and_one_that_creeps_is() -> None:
    rule = details()
    alert = raised(rule, 0.25)
    for after in range(1, 200):
        alert.observe(rule, Measurement(0.25 + 0.012 * (-1) ** after), minutes(after))
    assert types(alert) == ["raised", "announced"], "less than a twentieth off"
    for after in range(200, 208):
        alert.observe(rule, Measurement(0.25 + 0.005 * (after - 199)), minutes(after))
    assert [(kind, round(value, 6)) for kind, value in messages(alert)[1:]] == [("updated", 0.265)]
    assert values(alert) == pytest.approx([0.265, 0.28]), "each step off the one recorded last"


def test_a_message_at_the_end_of_the_quiet_says_how_it_stands_then() -> None:
    rule = details()
    alert = raised(rule)
    alert.observe(rule, Measurement(0.28), minutes(10))
    alert.observe(rule, Measurement(0.285), minutes(30))
    assert messages(alert) == [("raised", 0.25), ("updated", 0.285)]
    assert (alert.state.value, values(alert)) == (0.285, [0.28, 0.285]), "what is told is recorded"


def test_severity_is_news_however_little_the_value_moved() -> None:
    rule = details()
    alert = raised(rule, 0.299)
    alert.observe(rule, Measurement(0.301), minutes(40))
    assert messages(alert) == [("raised", 0.299), ("updated", 0.301)]


@pytest.mark.parametrize(
    "more",
    [
        {"metric": AlertMetric.ERROR_RATE},
        {"operator": AlertOperator.LT, "threshold": 0.1, "clear_threshold": 0.2},
        {"assay": "CBC"},
        {"machine_id": "M1"},
    ],
)
def test_a_rule_that_watches_something_else_ends_its_alert_without_a_message(more: dict[str, Any]) -> None:
    alert = raised(details())
    alert.observe(details(**more), Measurement(0.05), minutes(40))
    assert types(alert) == ["raised", "announced", "resolved"]
    assert (alert.pending_events[-1].reason, alert.state.value) == ("rule_changed", 0.25)  # type: ignore[attr-defined]


def test_another_limit_is_no_other_thing_to_watch() -> None:
    alert = raised(details())
    alert.observe(details(threshold=0.15, clear_threshold=0.12, operator=AlertOperator.GTE), Measurement(0.25), START)
    assert alert.state.is_open


def silence(**more: Any) -> AlertRuleDetails:
    values = {"metric": AlertMetric.SILENCE, "threshold": 30, "clear_threshold": 30, "cool_down": timedelta()}
    return details(**{**values, **more})


def test_a_silence_that_only_grows_is_told_once_when_it_begins_once_when_it_is_bad_and_once_when_it_ends() -> None:
    rule = silence()
    alert = raised(rule, 31.0)
    for after in range(1, 600):
        alert.observe(rule, Measurement(31.0 + after), minutes(after))
    assert messages(alert) == [("raised", 31.0), ("updated", 46.0)]
    assert types(alert) == ["raised", "announced", "updated", "announced", *["updated"] * 3], "once per doubling"
    alert.observe(rule, Measurement(1.0), minutes(600))
    assert messages(alert)[2:] == [("resolved", 1.0)]


def test_a_silence_that_was_raised_in_the_quiet_is_told_with_how_long_it_is_by_then() -> None:
    rule = silence(cool_down=timedelta(minutes=30))
    alert = raised(rule, 31.0, quiet_until=minutes(9))
    alert.observe(rule, Measurement(36.0), minutes(5))
    alert.observe(rule, Measurement(40.0), minutes(9))
    assert messages(alert) == [("raised", 40.0)]
    alert.observe(rule, Measurement(44.0), minutes(13))
    alert.observe(rule, Measurement(50.0), minutes(19))
    alert.observe(rule, Measurement(70.0), minutes(39))
    assert messages(alert) == [("raised", 40.0), ("updated", 70.0)]


def test_what_ended_in_the_cool_down_is_told_by_no_message() -> None:
    rule = details()
    alert = raised(rule)
    alert.observe(rule, Measurement(0.05), minutes(5))
    assert types(alert) == ["raised", "announced", "resolved"]
    alert.observe(rule, Measurement(0.05), minutes(60))
    assert messages(alert) == [("raised", 0.25)]


def test_an_alert_that_comes_back_in_the_cool_down_waits_for_its_end() -> None:
    rule = details()
    second = Alert.raise_for("r1", rule, 2, Measurement(0.5), minutes(30), minutes(10))
    assert types(second) == ["raised"]
    second.observe(rule, Measurement(0.5), minutes(29.9))
    assert messages(second) == []
    second.observe(rule, Measurement(0.5), minutes(30))
    assert messages(second) == [("raised", 0.5)]


def test_the_next_message_says_that_the_alert_before_had_ended_in_the_cool_down() -> None:
    rule = details()
    first = raised(rule)
    first.observe(rule, Measurement(0.05), minutes(5))
    second = Alert.raise_for("r1", rule, 2, Measurement(0.5), minutes(30), minutes(10), first.state.untold_end)
    second.observe(rule, Measurement(0.0), minutes(15))
    assert messages(second) == []
    third = Alert.raise_for("r1", rule, 3, Measurement(0.5), minutes(30), minutes(40), second.state.untold_end)

    announced = third.pending_events[-1]
    assert isinstance(announced, AlertAnnouncedDomainEvent)
    assert (announced.kind, announced.earlier_ended_at) == ("raised", minutes(5))
    assert ("The one before", "was over at 2026-03-01 12:05 UTC") in message_of(announced, "").facts
    third.observe(rule, Measurement(0.05), minutes(80))
    assert (messages(third)[-1][0], third.state.untold_end) == ("resolved", None)


def test_an_alert_that_nobody_was_told_of_is_not_said_to_be_over() -> None:
    rule = details()
    second = Alert.raise_for("r1", rule, 2, Measurement(0.5), minutes(30), minutes(10))
    second.observe(rule, Measurement(0.0), minutes(40))
    assert types(second) == ["raised", "resolved"]


def test_no_data_changes_nothing_but_ends_the_quiet() -> None:
    rule = details()
    alert = raised(rule)
    alert.observe(rule, Measurement(0.5), minutes(1))
    alert.observe(rule, Measurement(None), minutes(2))
    assert alert.state.value == 0.5
    alert.observe(rule, Measurement(None), minutes(31))
    assert alert.state.is_open
    assert messages(alert) == [("raised", 0.25), ("updated", 0.5)]


def test_severity_is_high_beyond_one_and_a_half_times_the_limit() -> None:
    rule = details(metric=AlertMetric.TAT_P90, threshold=100, clear_threshold=100)
    assert rule.severity_of(150) is AlertSeverity.MEDIUM
    assert rule.severity_of(150.1) is AlertSeverity.HIGH
    low = details(metric=AlertMetric.THROUGHPUT, operator=AlertOperator.LT, threshold=90, clear_threshold=90)
    assert low.severity_of(60) is AlertSeverity.MEDIUM
    assert low.severity_of(59) is AlertSeverity.HIGH


def test_whoever_acknowledged_hears_of_it_again_only_when_it_is_worse_or_over() -> None:
    rule = details(cool_down=timedelta())
    alert = raised(rule)
    assert alert.acknowledge("ann", "on it", minutes(1))
    assert not alert.acknowledge("bob", "", minutes(2))
    assert alert.state.acknowledged_by == "ann"
    alert.observe(rule, Measurement(0.26), minutes(3))
    assert len(messages(alert)) == 1
    alert.observe(rule, Measurement(0.31), minutes(4))
    alert.observe(rule, Measurement(0.32), minutes(5))
    alert.observe(rule, Measurement(0.0), minutes(6))
    assert [kind for kind, _ in messages(alert)] == ["raised", "updated", "resolved"]
    other = raised(rule)
    other.end("rule_removed", minutes(1))
    with pytest.raises(AlertResolvedError):
        other.acknowledge("ann", "", minutes(2))


def test_an_alert_that_nobody_watches_any_more_ends_without_a_message() -> None:
    alert = raised(details())
    assert alert.end("rule_removed", minutes(1))
    assert not alert.end("rule_removed", minutes(1))
    assert types(alert) == ["raised", "announced", "resolved"]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("threshold", {"threshold": 20.0, "clear_threshold": 0.1}),
        ("threshold", {"threshold": float("nan")}),
        ("threshold", {"threshold": -0.1, "clear_threshold": -0.2}),
        ("clear_threshold", {"clear_threshold": 0.3}),
        ("clear_threshold", {"operator": AlertOperator.LT, "clear_threshold": 0.1}),
        ("window", {"window": timedelta()}),
        ("window", {"window": timedelta(days=367)}),
        ("cool_down", {"cool_down": timedelta(seconds=-1)}),
        ("name", {"name": "  "}),
        ("filters.assay", {"assay": ""}),
        ("channels", {"channels": tuple(str(n) for n in range(21))}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_field(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        details(**more)
    assert refused.value.field == field


def test_a_rule_is_defined_changed_and_removed() -> None:
    rule = AlertRule.define("r1", details(), START)
    assert rule.state.details == details()
    assert not rule.change(details(), START)
    assert rule.change(details(threshold=0.3, active=False), START)
    assert not rule.state.watches
    rule.remove(START)
    with pytest.raises(AlertRuleRemovedError):
        rule.change(details(), START)
    again = AlertRule()
    again.replay(rule.pending_events)
    assert again.state.details.threshold == 0.3


def test_a_channel_shows_no_more_of_its_address_than_the_host() -> None:
    url = "https://prod-1.example.org:8443/workflows/abc?sig=secret"
    channel = AlertChannel.register("c", ChannelKind.TEAMS_WORKFLOW, AlertChannelDetails(name="ops"), url, START)
    assert channel.state.host == "prod-1.example.org:8443"
    assert "secret" not in repr(channel.pending_events)
    with pytest.raises(InvalidAlertChannelError) as refused:
        channel.change(AlertChannelDetails(name="ops"), "ftp://secret", START)
    assert "secret" not in str(refused.value)
    for kind, address in ((ChannelKind.LOG, url), (ChannelKind.TEAMS_LEGACY, None), (ChannelKind.WEBHOOK, "x")):
        with pytest.raises(InvalidAlertChannelError):
            AlertChannel.register("c", kind, AlertChannelDetails(name="n"), address, START)


@given(some.timedeltas(min_value=timedelta(), max_value=timedelta(days=3000)))
def test_durations_survive_being_written(duration: timedelta) -> None:
    assert abs(parse_duration(duration_text(duration)) - duration) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1h", "P1Y", "P1M", "-PT1M", "PT1", "P1DT", "PT1H1D", "p1d", "P\u0661D"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_duration(text)


def test_no_duration_is_longer_than_can_be_counted() -> None:
    with pytest.raises(ValueError, match="shorter"):
        parse_duration("P999999999W")


def test_windows_are_spoken_as_people_do() -> None:
    assert [spoken(parse_duration(text)) for text in ("P1D", "PT90M", "PT30M", "P7D", "PT30S")] == [
        "last 24h",
        "last 90m",
        "last 30m",
        "last 7d",
        "last 30s",
    ]
