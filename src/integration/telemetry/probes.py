"""Health and metrics behind the ports that the routes ask."""

from application.kernel.probes import HealthProbe, MetricsPage
from application.kernel.subscriptions import Subscriptions
from integration.mongo.driver import MongoDriver, translating_outages
from integration.telemetry.health import Health, HealthChecks
from integration.telemetry.telemetry import Telemetry

LAG_WORTH_TELLING = 10_000


class CheckedHealth(HealthProbe):
    """Asks the database, and how far the subscriptions lag."""

    def __init__(self, driver: MongoDriver, subscriptions: Subscriptions) -> None:
        self._driver = driver
        self._subscriptions = subscriptions
        self._checks = HealthChecks()
        self._checks.add("mongodb", self._database_async)
        self._checks.add("subscriptions", self._subscriptions_async)

    async def check_async(self) -> tuple[str, list[tuple[str, str, str | None]]]:
        report = await self._checks.report_async()
        checks = [(check.name, check.status.value, check.reason or None) for check in report.checks]
        return report.status.value, checks

    async def _database_async(self) -> Health:
        with translating_outages("MongoDB"):
            answer = await self._driver.command_async({"hello": 1}, "admin")
        if not answer.get("isWritablePrimary"):
            return Health.unhealthy("there is no primary to write to")
        return Health.healthy()

    async def _subscriptions_async(self) -> Health:
        troubled: list[str] = []
        for one in await self._subscriptions.list_async():
            if one.last_error is not None:
                troubled.append(f"{one.name} fails")
            elif one.parked:
                troubled.append(f"{one.name} has {one.parked} parked events")
            elif one.lag > LAG_WORTH_TELLING:
                troubled.append(f"{one.name} is {one.lag} commits behind")
        return Health.degraded("; ".join(troubled)) if troubled else Health.healthy()


class PrometheusPage(MetricsPage):
    """Renders the application's own registry."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def render(self) -> bytes:
        return self._telemetry.render_prometheus()
