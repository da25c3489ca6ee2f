"""What is known of an opportunity, in the shape of the system of record."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPPORTUNITY_KEYS = (
    *("id", "name", "description", "short_description", "date_created", "date_modified", "organization", "learn_app"),
    *("deliver_app", "start_date", "end_date", "max_visits_per_user", "daily_max_visits_per_user", "budget_per_user"),
    *("budget_per_visit", "total_budget", "currency", "is_active", "payment_units", "verification_flags"),
)


@dataclass(frozen=True, slots=True)
class FoundOpportunity:
    """An opportunity and how old the answer is; see ``FoundRecord``."""

    details: dict[str, Any]
    as_of: datetime | None = None
    stale_since: datetime | None = None


class Opportunities(ABC):
    """Knows opportunities in full."""

    @abstractmethod
    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        """Return all of ``OPPORTUNITY_KEYS``, null where nothing is known; None when it is not theirs or not there.

        Raises:
            UnavailableError: the system that knows does not answer.
        """

    async def find_async(self, username: str, opportunity_id: int) -> FoundOpportunity | None:
        """Return an opportunity as ``details_async`` does, and how old the answer is; None where that gives None."""
        details = await self.details_async(username, opportunity_id)
        return None if details is None else FoundOpportunity(details)
