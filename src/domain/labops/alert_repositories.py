"""Where alert rules, channels and alerts are kept.

Every method raises ``UnavailableError`` when the store does not answer; None and empty answers mean "not there".
"""

from abc import ABC, abstractmethod

from neuroglia.data.infrastructure.abstractions import Repository

from domain.labops.alert import Alert
from domain.labops.alert_channel import AlertChannel
from domain.labops.alert_rule import AlertRule


class AlertRuleRepository(Repository[AlertRule, str], ABC):
    """Keeps alert rules."""

    @abstractmethod
    async def get_all_async(self) -> list[AlertRule]:
        """Return every rule that was ever defined, removed ones too, in no particular order."""


class AlertChannelRepository(Repository[AlertChannel, str], ABC):
    """Keeps channels."""

    @abstractmethod
    async def get_all_async(self) -> list[AlertChannel]:
        """Return every channel that was ever registered, removed ones too, in no particular order."""


class AlertRepository(Repository[Alert, str], ABC):
    """Keeps alerts."""
