"""What an alert says to people, before it is put into the form that a channel wants."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.labops.alert_durations import parse_duration, spoken
from domain.labops.alert_events import AlertAnnouncedDomainEvent
from domain.labops.alert_values import AlertMetric, AlertOperator

GOOD = "00FF00"
BAD = "FF0000"
PLAIN = "0076D7"

_TITLES = {
    AlertMetric.SLA_BREACH_RATE: "SLA Breach",
    AlertMetric.OPEN_BREACHES: "Open SLA Breaches",
    AlertMetric.ERROR_RATE: "Error Rate",
    AlertMetric.TAT_P90: "Turn-around Time",
    AlertMetric.THROUGHPUT: "Throughput",
    AlertMetric.SILENCE: "Silence",
}
_CONCERNED = {
    AlertMetric.SLA_BREACH_RATE: "SLA Breaches",
    AlertMetric.OPEN_BREACHES: "SLA Breaches",
    AlertMetric.ERROR_RATE: "Errors",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """A message in parts.

    Attributes:
        title: one line.
        subtitle: one line under it; empty for none.
        color: six hexadecimal digits.
        facts: names with values, most important first.
        sections: further parts with a heading and their own facts, each with a text that may be empty.
        link: where more is to be seen, absolute; None for nowhere.
    """

    title: str
    subtitle: str
    color: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple["MessageSection", ...] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class MessageSection:
    """A part of a message."""

    heading: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=())


def title_of(metric: AlertMetric, kind: str) -> str:
    """Return the title; the starter kit's for breaches: ``SLA Breach Alert`` and ``SLA Status OK``."""
    if kind == "resolved":
        return "SLA Status OK" if metric is AlertMetric.SLA_BREACH_RATE else f"{_TITLES[metric]} OK"
    return f"{_TITLES[metric]} Alert"


def message_of(event: AlertAnnouncedDomainEvent, public_url: str) -> ChannelMessage:
    """Return what is said about an alert."""
    metric, operator = AlertMetric(event.metric), AlertOperator(event.operator)
    over = event.kind == "resolved"
    facts: list[tuple[str, str]] = []
    if event.concerned is not None and metric in _CONCERNED:
        facts.append((_CONCERNED[metric], str(event.concerned)))
        top = ", ".join(f"{assay}({count})" for assay, count in zip(event.top_assays, event.top_counts, strict=True))
        facts.append(("Top Assays", top or "-"))
    facts.append(("Rule", event.rule_name))
    facts.append(("Value", "-" if event.value is None else shown(metric, event.value)))
    facts.append(("Limit", f"{operator.words} {shown(metric, event.threshold)}"))
    facts.append(("State", {"raised": "raised", "updated": "still standing"}.get(event.kind, "resolved")))
    if not over:
        facts.append(("Severity", event.severity))
    if event.assay is not None:
        facts.append(("Assay", event.assay))
    if event.machine_id is not None:
        facts.append(("Machine", event.machine_id))
    facts.append(("Since", _minute(event.raised_at)))
    if event.earlier_ended_at is not None:
        facts.append(("The one before", f"was over at {_minute(event.earlier_ended_at)}"))
    return ChannelMessage(
        title=title_of(metric, event.kind),
        subtitle=f"Window: {spoken(parse_duration(event.window))}",
        color=GOOD if over else BAD,
        facts=tuple(facts),
        link=dashboard_link(public_url),
    )


def dashboard_link(public_url: str) -> str | None:
    """Return where the dashboard is; None when nobody said where this installation is reached."""
    return f"{public_url.rstrip('/')}/" if public_url else None


def shown(metric: AlertMetric, value: float) -> str:
    """Return a value with its unit: ``12.5%``, ``95.0 min``, ``7``."""
    if metric.is_rate:
        return f"{value * 100:.1f}%"
    return f"{value:.1f} min" if metric in (AlertMetric.TAT_P90, AlertMetric.SILENCE) else f"{value:g}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
