"""What the health routes ask; how it is found out lives with the telemetry."""

from abc import ABC, abstractmethod


class HealthProbe(ABC):
    """Checks what requests depend on."""

    @abstractmethod
    async def check_async(self) -> tuple[str, list[tuple[str, str, str | None]]]:
        """Return the whole status and (name, status, reason) of each check; healthy, degraded or unhealthy."""


class MetricsPage(ABC):
    """Renders what was measured."""

    @abstractmethod
    def render(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
