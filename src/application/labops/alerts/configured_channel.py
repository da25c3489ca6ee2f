"""The one channel that the installation is started with."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from domain.labops.alert_channel import ChannelKind


@dataclass(frozen=True, slots=True)
class ConfiguredChannel:
    """An address in the settings, where stand-ups go that name no channel; empty for none."""

    url: str = field(default="", repr=False)

    @property
    def kind(self) -> ChannelKind:
        """What stands behind the address: the older connectors have a host of their own."""
        host = urlsplit(self.url).hostname or ""
        legacy = host == "outlook.office.com" or host.endswith(".webhook.office.com")
        return ChannelKind.TEAMS_LEGACY if legacy else ChannelKind.TEAMS_WORKFLOW
