"""Exactly what a channel is sent."""

from typing import Any

import orjson

from application.kernel.cloud_events import CloudEvents
from application.kernel.event_feed import RecordedFact
from application.labops.alerts.messages import ChannelMessage, message_of
from application.labops.alerts.teams_cards import teams_payload
from domain.labops.alert_channel import ChannelKind
from domain.labops.alert_events import AlertAnnouncedDomainEvent


class ChannelPayloads:
    """Makes payloads.

    Args:
        cloud_events: how a fact is written for webhooks.
        public_url: where this installation is reached; empty when nobody said so.
    """

    def __init__(self, cloud_events: CloudEvents, public_url: str) -> None:
        self._cloud_events = cloud_events
        self.public_url = public_url

    def of_alert(self, kind: ChannelKind, fact: RecordedFact) -> tuple[str, bytes]:
        """Return the title and the payload of a fact that announces something about an alert."""
        event = fact.event
        if not isinstance(event, AlertAnnouncedDomainEvent):
            raise TypeError(f"{type(event).__name__} announces nothing")
        message = message_of(event, self.public_url)
        if kind is ChannelKind.WEBHOOK:
            return message.title, self._cloud_events.of_fact(fact)
        return message.title, self.of_message(kind, message)

    def of_message(self, kind: ChannelKind, message: ChannelMessage) -> bytes:
        """Return the payload of a message that is no fact of the log."""
        return teams_payload(kind, message) if kind.is_teams else orjson.dumps(_plain(message))


def _plain(message: ChannelMessage) -> dict[str, Any]:
    return {
        "title": message.title,
        "subtitle": message.subtitle,
        "facts": dict(message.facts),
        "sections": [{"heading": one.heading, "text": one.text, "facts": dict(one.facts)} for one in message.sections],
        "link": message.link,
    }
