"""What a member of a team says of the day, as the starter kit writes it (seed 004)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from application.labops.alerts.messages import PLAIN, ChannelMessage, MessageSection, dashboard_link
from application.labops.alerts.ports import DayInFigures


class ItemStatus(StrEnum):
    """How a piece of work stands."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    PLANNED = "planned"


class ItemPriority(StrEnum):
    """How urgent it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, kw_only=True)
class StandupItem:
    """A piece of work; ``effort`` in people's words, e.g. ``1-2h``."""

    title: str
    status: ItemStatus
    description: str
    assignee: str
    priority: ItemPriority
    effort: str
    blockers: tuple[str, ...]
    notes: str


@dataclass(frozen=True, kw_only=True)
class Standup:
    """What one member says."""

    day: date
    team_member: str
    items: tuple[StandupItem, ...]
    mood: str
    availability: str
    next_priorities: tuple[str, ...]


def standup_message(standups: tuple[Standup, ...], public_url: str) -> ChannelMessage:
    """Return the message of one stand-up, or of a team's."""
    days = sorted({one.day for one in standups})
    blocked = sum(item.status is ItemStatus.BLOCKED or bool(item.blockers) for one in standups for item in one.items)
    alone = len(standups) == 1
    facts = [
        ("Team Members", ", ".join(one.team_member for one in standups)),
        ("Items", str(sum(len(one.items) for one in standups))),
        ("Blocked", str(blocked)),
    ]
    return ChannelMessage(
        title=f"Daily Standup - {standups[0].team_member}" if alone else "Team Daily Standup",
        subtitle=" to ".join(f"{day:%Y-%m-%d}" for day in dict.fromkeys((days[0], days[-1]))),
        color=PLAIN,
        facts=tuple(facts),
        sections=tuple(_section(one) for one in standups),
        link=dashboard_link(public_url),
    )


def summary_message(day: date, figures: DayInFigures, public_url: str) -> ChannelMessage:
    """Return the summary of a day of the laboratory."""
    return ChannelMessage(
        title="Daily Lab Summary",
        subtitle=f"{day:%Y-%m-%d}",
        color=PLAIN,
        facts=(
            ("Total Specimens", str(figures.specimens)),
            ("TAT P90", f"{figures.tat_p90:.1f} min"),
            ("Error Rate", f"{figures.error_rate * 100:.1f}%"),
            ("SLA Breaches", str(figures.sla_breaches)),
        ),
        link=dashboard_link(public_url),
    )


def _section(standup: Standup) -> MessageSection:
    facts = [(f"{item.title} ({item.status.value.replace('_', ' ')})", _said(item)) for item in standup.items]
    if standup.next_priorities:
        facts.append(("Next", ", ".join(standup.next_priorities)))
    said = [("Mood", standup.mood), ("Availability", standup.availability)]
    return MessageSection(
        standup.team_member, ", ".join(f"{name}: {text}" for name, text in said if text), tuple(facts)
    )


def _said(item: StandupItem) -> str:
    parts = [item.description, f"{item.assignee}, {item.priority.value}, {item.effort}"]
    if item.blockers:
        parts.append("blocked by " + ", ".join(item.blockers))
    return " - ".join(part for part in (*parts, item.notes) if part)
