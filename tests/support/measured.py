"""The metrics service over rows that the test gives."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.current_limits import CurrentSlaLimits
from application.labops.metrics.registry import KnownMetric, MetricRegistry
from application.labops.metrics.service import Metrics
from application.labops.specimen_table import Row
from domain.kernel.clock import Clock
from domain.labops.sla_policy import SLA_POLICY_ID, SlaPolicy
from domain.labops.sla_repositories import SlaPolicyRepository
from tests.support.specimen_tables import InMemorySpecimenTable

NOW = datetime(2026, 2, 4, 9, tzinfo=UTC)


class StandingClock(Clock):
    """Stands until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class OnePolicy:
    """The policy that the test says; ``None`` when nobody changed it yet."""

    def __init__(self, policy: SlaPolicy | None = None) -> None:
        self.policy = policy
        self.asked = 0
        self.error: Exception | None = None

    async def get_async(self, policy_id: str) -> SlaPolicy | None:
        assert policy_id == SLA_POLICY_ID
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.policy


def policy_of(default_hours: float, **by_assay: float) -> SlaPolicy:
    policy = SlaPolicy.first()
    policy.change(default_hours, by_assay, NOW)
    return policy


class Measured:
    """A table, a clock, limits and the service over them."""

    def __init__(
        self,
        rows: Iterable[Row] = (),
        *,
        zone: str = "UTC",
        policy: SlaPolicy | None = None,
        plugins: Iterable[KnownMetric] = (),
    ) -> None:
        self.table = InMemorySpecimenTable(rows)
        self.clock = StandingClock()
        self.policies = OnePolicy(policy)
        self.registry = MetricRegistry(plugins)
        self.limits = CurrentSlaLimits(cast(SlaPolicyRepository, self.policies), self.table)
        self.metrics = Metrics(self.table, self.limits, self.registry, self.clock, ZoneInfo(zone))

    async def ask_async(self, name: str, wanted: MetricFilter = MetricFilter(), **options: Any) -> Any:  # noqa: B008
        return (await self.metrics.answer_async(name, wanted, **options)).view
