"""Messages in the two forms that Microsoft Teams takes, never larger than it takes.

Workflow webhooks get an Adaptive Card, the older connectors a MessageCard in the starter kit's shape (seed 004). All
texts are shown as they are written: names that people gave format nothing and lead nowhere.
"""

from typing import Any

import orjson

from application.labops.alerts.card_text import as_written
from application.labops.alerts.messages import ChannelMessage, MessageSection
from domain.labops.alert_channel import ChannelKind

LARGEST_BYTES = 28_000
"""Teams says about 28 KB, and not whether a KB has 1,000 or 1,024 bytes."""
_SHORTEST_TEXT = 40


def teams_payload(kind: ChannelKind, message: ChannelMessage) -> bytes:
    """Return exactly what is sent, shortened until it is small enough: long texts first, then parts at the end."""
    build = adaptive_card if kind is ChannelKind.TEAMS_WORKFLOW else message_card
    longest = 4_000
    body = orjson.dumps(build(message))
    while len(body) > LARGEST_BYTES:
        if longest > _SHORTEST_TEXT:
            longest //= 2
            message = _cut(message, max(longest, _SHORTEST_TEXT))
        else:
            message = _fewer(message)
        body = orjson.dumps(build(message))
    return body


def message_card(message: ChannelMessage) -> dict[str, Any]:
    """Return a MessageCard."""
    card: dict[str, Any] = {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": message.color,
        "summary": message.title,
        "sections": [
            {
                "activityTitle": _html(message.title),
                **({"activitySubtitle": _html(message.subtitle)} if message.subtitle else {}),
                "facts": _named(message.facts),
            },
            *(
                {
                    "activityTitle": _html(section.heading),
                    **({"text": _html(section.text)} if section.text else {}),
                    **({"facts": _named(section.facts)} if section.facts else {}),
                }
                for section in message.sections
            ),
        ],
    }
    if message.link is not None:
        targets = [{"os": "default", "uri": message.link}]
        card["potentialAction"] = [{"@type": "OpenUri", "name": "View Dashboard", "targets": targets}]
    return card


def adaptive_card(message: ChannelMessage) -> dict[str, Any]:
    """Return the message of a workflow with one Adaptive Card in it."""
    color = {"FF0000": "attention", "00FF00": "good"}.get(message.color, "accent")
    body: list[dict[str, Any]] = [_text(message.title, size="Large", weight="Bolder", color=color)]
    if message.subtitle:
        body.append(_text(message.subtitle, isSubtle=True, spacing="None"))
    body.append({"type": "FactSet", "facts": _titled(message.facts)})
    for section in message.sections:
        body.append(_text(section.heading, weight="Bolder", separator=True))
        if section.text:
            body.append(_text(section.text))
        if section.facts:
            body.append({"type": "FactSet", "facts": _titled(section.facts)})
    content: dict[str, Any] = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body,
    }
    if message.link is not None:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "View Dashboard", "url": message.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": as_written(text), "wrap": True, **more}


def _html(text: str) -> str:
    return as_written(text, is_html=True)


def _named(facts: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": _html(name), "value": _html(value)} for name, value in facts]


def _titled(facts: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"title": as_written(name), "value": as_written(value)} for name, value in facts]


def _cut(message: ChannelMessage, longest: int) -> ChannelMessage:
    def cut(text: str) -> str:
        return text if len(text) <= longest else text[: longest - 1] + "\u2026"

    def all_of(facts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((cut(name), cut(value)) for name, value in facts)

    return ChannelMessage(
        title=cut(message.title),
        subtitle=cut(message.subtitle),
        color=message.color,
        facts=all_of(message.facts),
        sections=tuple(MessageSection(cut(one.heading), cut(one.text), all_of(one.facts)) for one in message.sections),
        link=message.link if message.link is None or len(message.link) <= 2_000 else None,
    )


def _fewer(message: ChannelMessage) -> ChannelMessage:
    """Leave out the last tenth of the sections, or of the facts where there are none; the last one says how many."""
    sections, facts = message.sections, message.facts
    if sections:
        kept = [one for one in sections if not one.heading.endswith("more left out")]
        dropped = _said(sections[-1].heading) + (drop := max(1, len(kept) // 10))
        sections = (*kept[: len(kept) - drop], MessageSection(f"{dropped} more left out"))
        if len(sections) == 1:
            sections = ()
    else:
        facts = facts[: len(facts) - max(1, len(facts) // 10)]
    return ChannelMessage(
        title=message.title,
        subtitle=message.subtitle,
        color=message.color,
        facts=facts,
        sections=sections,
        link=message.link,
    )


def _said(heading: str) -> int:
    return int(heading.split()[0]) if heading.endswith(" more left out") else 0
