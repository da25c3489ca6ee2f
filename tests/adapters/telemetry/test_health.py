"""Health answers 503 when something is not well, and says why. neuroglia's endpoints always answered 200."""

import asyncio

from domain.kernel.errors import UnavailableError
from integration.telemetry.health import Health, HealthChecks, HealthStatus


async def well() -> Health:
    return Health.healthy()


async def lagging() -> Health:
    return Health.degraded("42 commits behind")


async def down() -> Health:
    raise UnavailableError("the database gives no answer")


async def broken() -> Health:
    raise ValueError("mongodb://bob:hunter2@db")


async def hanging() -> Health:
    await asyncio.sleep(60)
    return Health.healthy()


async def test_all_well_is_ready() -> None:
    checks = HealthChecks()
    checks.add("mongo", well)
    report = await checks.report_async()
    assert (report.status, report.ready) == (HealthStatus.HEALTHY, True)


async def test_degraded_still_serves_and_says_why() -> None:
    checks = HealthChecks()
    checks.add("mongo", well)
    checks.add("lab_records", lagging)
    report = await checks.report_async()
    assert (report.status, report.ready) == (HealthStatus.DEGRADED, True)
    assert [(check.name, check.reason) for check in report.checks] == [
        ("lab_records", "42 commits behind"),
        ("mongo", None),
    ]


async def test_one_unhealthy_check_is_not_ready_and_the_others_are_still_told() -> None:
    checks = HealthChecks()
    for name, check in (("a", down), ("b", broken), ("c", lagging), ("d", well)):
        checks.add(name, check)
    checks.add("e", hanging, timeout_seconds=0.05)
    report = await checks.report_async()
    assert (report.status, report.ready) == (HealthStatus.UNHEALTHY, False)
    assert [check.reason for check in report.checks] == [
        "the database gives no answer",
        "the check failed; the log has the details",
        "42 commits behind",
        None,
        "no answer within 0.05 s",
    ]


async def test_nothing_to_check_is_well() -> None:
    assert (await HealthChecks().report_async()).ready
