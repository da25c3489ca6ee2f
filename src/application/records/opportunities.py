"""What is known of an opportunity, in the shape of the system of record."""

from abc import ABC, abstractmethod
from typing import Any

OPPORTUNITY_KEYS = (
    *("id", "name", "description", "short_description", "date_created", "date_modified", "organization", "learn_app"),
    *("deliver_app", "start_date", "end_date", "max_visits_per_user", "daily_max_visits_per_user", "budget_per_user"),
    *("budget_per_visit", "total_budget", "currency", "is_active", "payment_units", "verification_flags"),
)


class Opportunities(ABC):
    """Knows opportunities in full."""

    @abstractmethod
    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        """Return all of ``OPPORTUNITY_KEYS``, null where nothing is known; None when it is not theirs or not there.

        Raises:
            UnavailableError: the system that knows does not answer.
        """
