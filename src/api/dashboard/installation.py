"""What the pages say about this installation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DashboardInstallation:
    """What the pages are told once.

    Attributes:
        version: of the product.
        timezone: name of the lab's time zone.
        can_log_in: whether there is a Connect to log in at; else a token is the only way in.
    """

    version: str
    timezone: str
    can_log_in: bool
