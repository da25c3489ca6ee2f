"""What this installation decides itself, and what Connect does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessInstallation:
    """How access works here.

    Attributes:
        managed_here: users, organisations and memberships are ours; else they are Connect's.
        can_log_in: there is a Connect to log in at.
        public_url: where this installation is known; empty if that is where requests go.
    """

    managed_here: bool
    can_log_in: bool
    public_url: str = ""
