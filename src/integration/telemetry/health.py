"""Health: named checks, each with a time limit, and what they add up to.

In place of neuroglia's checks, whose endpoints answer 200 whatever was found.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import structlog

from domain.kernel.errors import LabkeeperError

CHECK_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class HealthStatus(StrEnum):
    """From well to not: ``degraded`` still serves."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found; ``reason`` says why it is not well, in words that any caller may see."""

    status: HealthStatus
    reason: str | None = None

    @classmethod
    def healthy(cls) -> "Health":
        return cls(HealthStatus.HEALTHY)

    @classmethod
    def degraded(cls, reason: str) -> "Health":
        return cls(HealthStatus.DEGRADED, reason)

    @classmethod
    def unhealthy(cls, reason: str) -> "Health":
        return cls(HealthStatus.UNHEALTHY, reason)


Check = Callable[[], Awaitable[Health]]


@dataclass(frozen=True, slots=True)
class CheckedHealth:
    """One check's finding and how long it took."""

    name: str
    status: HealthStatus
    reason: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All findings and the worst of them."""

    checks: tuple[CheckedHealth, ...]

    @property
    def status(self) -> HealthStatus:
        found = {check.status for check in self.checks}
        for worst in (HealthStatus.UNHEALTHY, HealthStatus.DEGRADED):
            if worst in found:
                return worst
        return HealthStatus.HEALTHY

    @property
    def ready(self) -> bool:
        """Whether requests can be served: no check is unhealthy."""
        return self.status is not HealthStatus.UNHEALTHY


class HealthChecks:
    """Runs all checks side by side. A check that fails or hangs is unhealthy and holds up none of the others."""

    def __init__(self) -> None:
        self._checks: dict[str, tuple[Check, float]] = {}

    def add(self, name: str, check: Check, timeout_seconds: float = CHECK_SECONDS) -> None:
        """Add a check, in place of one of the same name.

        Args:
            check: answers a ``Health``. A ``LabkeeperError`` counts as unhealthy with its message as the reason.
        """
        self._checks[name] = (check, timeout_seconds)

    async def report_async(self) -> HealthReport:
        """Run every check once."""
        checks = [_checked_async(name, check, seconds) for name, (check, seconds) in sorted(self._checks.items())]
        return HealthReport(tuple(await asyncio.gather(*checks)))


async def _checked_async(name: str, check: Check, timeout_seconds: float) -> CheckedHealth:
    started = time.monotonic()
    task = asyncio.ensure_future(check())
    try:
        await asyncio.wait({task}, timeout=timeout_seconds)
        health = _finding(name, task, timeout_seconds)
    finally:
        task.cancel()
    return CheckedHealth(name, health.status, health.reason, round((time.monotonic() - started) * 1000))


def _finding(name: str, task: "asyncio.Future[Health]", timeout_seconds: float) -> Health:
    if not task.done():
        return Health.unhealthy(f"no answer within {timeout_seconds:g} s")
    if task.cancelled():
        return Health.unhealthy("the check was cancelled")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, LabkeeperError):
        return Health.unhealthy(str(error))
    _log.error("health check failed unexpectedly", check=name, exc_info=error)
    return Health.unhealthy("the check failed; the log has the details")
