"""What the laboratory promises: how long a result may take."""

from collections.abc import Mapping
from datetime import datetime

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.sla_events import SlaLimitsChangedDomainEvent
from domain.labops.sla_limits import SlaLimits, checked_limits

SLA_POLICY_ID = "sla-policy"


class SlaPolicyState(RememberedState):
    """The limits that hold."""

    limits: SlaLimits

    def __init__(self) -> None:
        super().__init__()
        self.limits = SlaLimits()

    @reduces(SlaLimitsChangedDomainEvent)
    def _changed(self, event: SlaLimitsChangedDomainEvent) -> None:
        self.limits = SlaLimits(event.default_hours, dict(event.by_assay))


class SlaPolicy(Aggregate[SlaPolicyState]):
    """The one policy of the laboratory. Before anybody said otherwise it promises four hours, as the kit does."""

    @staticmethod
    def first() -> "SlaPolicy":
        """Return the policy that nobody has changed yet."""
        policy = SlaPolicy()
        policy.state.id = SLA_POLICY_ID
        return policy

    def change(self, default_hours: float, by_assay: Mapping[str, float], at: datetime) -> bool:
        """Promise something else; False when that is what is promised already.

        Raises:
            InvalidSlaLimitError: a limit or a name breaks a rule.
        """
        limits = checked_limits(default_hours, by_assay)
        if limits == self.state.limits:
            return False
        self.record(
            SlaLimitsChangedDomainEvent(
                aggregate_id=SLA_POLICY_ID,
                default_hours=limits.default_hours,
                by_assay=dict(limits.by_assay),
                created_at=at,
            )
        )
        return True
