"""The limits as they are answered."""

from dataclasses import dataclass

from domain.labops.sla_policy import SlaPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaLimitsView:
    """Limits in hours; ``version`` counts the changes so far, 0 for the limits that nobody has changed yet."""

    default_hours: float
    by_assay: dict[str, float]
    version: int


def sla_limits_view(policy: SlaPolicy) -> SlaLimitsView:
    """Return the limits of a policy."""
    limits = policy.state.limits
    return SlaLimitsView(
        default_hours=limits.default_hours, by_assay=dict(limits.by_assay), version=policy.state.state_version
    )
