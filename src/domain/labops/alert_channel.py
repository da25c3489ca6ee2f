"""AlertChannel: somewhere that alerts are told. Its address is kept among the credentials, never here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.alert_errors import AlertChannelRemovedError, InvalidAlertChannelError
from domain.labops.alert_events import (
    AlertChannelChangedDomainEvent,
    AlertChannelRegisteredDomainEvent,
    AlertChannelRemovedDomainEvent,
)
from domain.labops.alert_values import LONGEST_NAME

LONGEST_URL = 2048


class ChannelKind(StrEnum):
    """What is sent, and how.

    ``teams_workflow`` gets an Adaptive Card, ``teams_legacy`` a MessageCard, ``webhook`` a signed CloudEvent, ``log``
    writes a line into our own log.
    """

    TEAMS_WORKFLOW = "teams_workflow"
    TEAMS_LEGACY = "teams_legacy"
    WEBHOOK = "webhook"
    LOG = "log"

    @property
    def has_address(self) -> bool:
        """Whether there is a URL behind it."""
        return self is not ChannelKind.LOG

    @property
    def is_teams(self) -> bool:
        """Whether it is a channel of Microsoft Teams."""
        return self in (ChannelKind.TEAMS_WORKFLOW, ChannelKind.TEAMS_LEGACY)


@dataclass(frozen=True, kw_only=True)
class AlertChannelDetails:
    """What may be changed about a channel, apart from its address."""

    name: str
    dry_run: bool = False

    def __post_init__(self) -> None:
        name = self.name.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidAlertChannelError("name", f"must have 1 to {LONGEST_NAME} printable characters")
        object.__setattr__(self, "name", name)


def host_of(kind: ChannelKind, url: str | None) -> str:
    """Check an address; return all of it that may be shown, empty for a kind that has none.

    Raises:
        InvalidAlertChannelError: it is needed and not there, or the other way round, or no URL that can be called.
    """
    if not kind.has_address:
        if url is not None:
            raise InvalidAlertChannelError("url", "must be left out: a log channel calls nobody")
        return ""
    if url is None:
        raise InvalidAlertChannelError("url", f"is needed for a channel of kind {kind}")
    if len(url) > LONGEST_URL:
        raise InvalidAlertChannelError("url", f"must have at most {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidAlertChannelError("url", "must be a URL") from None
    if not url.isprintable() or " " in url or "\\" in url:
        raise InvalidAlertChannelError("url", "must not hold spaces, backslashes or control characters")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidAlertChannelError("url", "must start with http:// or https:// and name a host")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise InvalidAlertChannelError("url", "must not carry credentials or a fragment")
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


class AlertChannelState(RememberedState):
    """The remembered channel."""

    name: str
    kind: ChannelKind
    host: str
    dry_run: bool
    removed: bool

    @reduces(AlertChannelRegisteredDomainEvent)
    def _registered(self, event: AlertChannelRegisteredDomainEvent) -> None:
        self.name = event.name
        self.kind = ChannelKind(event.kind)
        self.host = event.host
        self.dry_run = event.dry_run
        self.removed = False

    @reduces(AlertChannelChangedDomainEvent)
    def _changed(self, event: AlertChannelChangedDomainEvent) -> None:
        self.name = event.name
        self.host = event.host
        self.dry_run = event.dry_run

    @reduces(AlertChannelRemovedDomainEvent)
    def _removed(self, _event: AlertChannelRemovedDomainEvent) -> None:
        self.removed = True


class AlertChannel(Aggregate[AlertChannelState]):
    """A channel, from its registration to its removal."""

    @classmethod
    def register(
        cls, channel_id: str, kind: ChannelKind, details: AlertChannelDetails, url: str | None, at: datetime
    ) -> "AlertChannel":
        """Begin to tell somebody.

        Raises:
            InvalidAlertChannelError: the address does not fit.
        """
        channel = cls()
        channel.record(
            AlertChannelRegisteredDomainEvent(
                aggregate_id=channel_id,
                created_at=at,
                name=details.name,
                kind=kind.value,
                host=host_of(kind, url),
                dry_run=details.dry_run,
            )
        )
        return channel

    def change(self, details: AlertChannelDetails, url: str | None, at: datetime) -> None:
        """Change what may be changed; ``url`` None keeps the address.

        Raises:
            AlertChannelRemovedError: it is removed.
            InvalidAlertChannelError: the address does not fit.
        """
        self._refuse_if_removed()
        state = self.state
        host = state.host if url is None else host_of(state.kind, url)
        if url is None and (details.name, details.dry_run) == (state.name, state.dry_run):
            return
        self.record(
            AlertChannelChangedDomainEvent(
                aggregate_id=state.id,
                created_at=at,
                name=details.name,
                host=host,
                dry_run=details.dry_run,
                address_replaced=url is not None,
            )
        )

    def remove(self, at: datetime) -> None:
        """Tell nobody any more.

        Raises:
            AlertChannelRemovedError: that was done before.
        """
        self._refuse_if_removed()
        self.record(AlertChannelRemovedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def _refuse_if_removed(self) -> None:
        if self.state.removed:
            raise AlertChannelRemovedError(f"alert channel {self.state.id} is removed")
