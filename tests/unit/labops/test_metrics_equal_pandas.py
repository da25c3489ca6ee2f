"""Every metric equals an independent computation, on generated specimens and on those that are made to be awkward."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.views import Grain
from application.labops.metrics.work_in_progress import AGE_EDGES_HOURS
from application.labops.specimen_table import Row
from tests.support import pandas_metrics
from tests.support.measured import NOW, Measured, policy_of
from tests.support.specimen_tables import NOON, specimen

LIMITS = {"PCR": 0.5, "CBC": 1.5}
ALL = MetricFilter()


def generated(count: int, seed: int = 7) -> list[Row]:
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        received = datetime(2026, 3, 27, tzinfo=UTC) + timedelta(seconds=chance.randrange(5 * 86_400))
        status = chance.choices(["COMPLETED", "ERROR", "RECEIVED", "IN_PROCESS"], [85, 7, 4, 4])[0]
        code = chance.choice(["E01", "E02", "E03", None]) if status == "ERROR" else None
        minutes = chance.lognormvariate(4.5, 0.8) if status == "COMPLETED" else None
        begun = None if status == "RECEIVED" else received + timedelta(minutes=chance.choice([5, 20, 40]))
        rows.append(
            specimen(
                f"SP{number:06}",
                started_at=chance.choice([None, begun]),
                assay=chance.choice(["CBC", "Chem7", "PCR"]),
                machine_id=f"M{chance.randint(1, 5)}",
                status=status,
                error_code=code,
                received_at=received,
                minutes=minutes,
            )
        )
    return rows


def close(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    return ours == pytest.approx(theirs, rel=1e-9, abs=1e-6)


async def compare_async(rows: list[Row], wanted: MetricFilter = ALL, zone: str = "UTC") -> None:
    measured = Measured(rows, zone=zone, policy=policy_of(1.0, **LIMITS))
    tat, theirs = await measured.ask_async("tat", wanted), pandas_metrics.tat(rows, wanted)
    assert close((tat.p50, tat.p90, tat.p99, tat.total_specimens), theirs["all"])
    assert [group.assay for group in tat.by_assay] == sorted(theirs["by_assay"])
    for group in tat.by_assay:
        assert close((group.p50, group.p90, group.p99, group.total_specimens), theirs["by_assay"][group.assay])
    assert (tat.dropped.negative, tat.dropped.missing) == (theirs["negative"], theirs["missing"])

    for grain in Grain:
        view = await measured.ask_async("throughput", wanted, grain=grain)
        buckets = pandas_metrics.throughput(rows, wanted, grain, ZoneInfo(zone))
        assert [(point.timestamp.timestamp(), point.count) for point in view.data] == buckets
        full = await measured.ask_async("throughput_series", wanted, grain=grain, include_empty=True)
        assert [(p.timestamp.timestamp(), p.count) for p in full.data if p.count] == buckets

    await compare_series_async(measured, rows, wanted, ZoneInfo(zone))

    wip, theirs = await measured.ask_async("wip", wanted), pandas_metrics.wip(rows, wanted, NOW, AGE_EDGES_HOURS)
    assert wip.total_open == theirs["total"]
    assert {group.value: group.count for group in wip.by_status if group.count} == theirs["status"]
    assert {group.value: group.count for group in wip.by_assay} == theirs["assay"]
    assert {group.value: group.count for group in wip.by_machine} == theirs["machine_id"]
    assert [bucket.count for bucket in wip.ageing] == theirs["ages"]
    assert [one.specimen_id for one in wip.oldest] == theirs["oldest"]

    errors, theirs = await measured.ask_async("errors", wanted), pandas_metrics.errors(rows, wanted)
    assert (errors.total_errors, errors.total_specimens) == (theirs["total_errors"], theirs["total_specimens"])
    assert errors.overall_error_rate == pytest.approx(theirs["rate"])
    for groups, column in (
        (errors.by_machine, "machine_id"),
        (errors.by_error_code, "error_code"),
        (errors.by_assay, "assay"),
    ):
        assert {group.value: (group.count, group.rate) for group in groups} == theirs[column]
        for group in groups:
            size = theirs["sizes"].get(column, {}).get(group.value, theirs["total_errors"])
            assert (group.specimens, group.rate_within) == (size, group.count / size)

    sla, theirs = await measured.ask_async("sla", wanted), pandas_metrics.sla(rows, wanted, 1.0, LIMITS)
    assert (sla.breach_count, sla.total_completed) == (theirs["breaches"], theirs["total"])
    assert {group.value: (group.breach_count, group.total_completed) for group in sla.by_assay} == theirs["assay"]
    assert {group.value: (group.breach_count, group.total_completed) for group in sla.by_machine} == theirs[
        "machine_id"
    ]
    assert [breach.specimen_id for breach in sla.sample_breaches] == theirs["first"]


async def compare_series_async(measured: Measured, rows: list[Row], wanted: MetricFilter, zone: ZoneInfo) -> None:
    for grain in Grain:
        tat = await measured.ask_async("tat_series", wanted, grain=grain)
        found = [(p.timestamp.timestamp(), p.p50, p.p90, p.p99, p.total_specimens) for p in tat.data]
        theirs = pandas_metrics.tat_series(rows, wanted, grain, zone)
        assert len(found) == len(theirs)
        assert all(close(ours, other) for ours, other in zip(found, theirs, strict=True))
        errors = await measured.ask_async("errors_series", wanted, grain=grain)
        found = [(p.timestamp.timestamp(), p.total_errors, p.total_specimens) for p in errors.data]
        assert found == pandas_metrics.errors_series(rows, wanted, grain, zone)
        assert [p.error_rate for p in errors.data] == [failed / total for _, failed, total in found]
        sla = await measured.ask_async("sla_series", wanted, grain=grain)
        found = [(p.timestamp.timestamp(), p.breach_count, p.total_completed) for p in sla.data]
        assert found == pandas_metrics.sla_series(rows, wanted, grain, zone, 1.0, LIMITS)
        assert (sla.limits.default_hours, sla.limits.by_assay) == (1.0, dict(sorted(LIMITS.items())))
    wip = await measured.ask_async("wip_series", wanted, grain=Grain.DAY)
    for point in wip.data:
        left = pandas_metrics.wip_after(rows, wanted, point.timestamp)
        assert (point.received, point.in_process) == left, point
        assert point.total_open == sum(left)


async def test_generated_specimens() -> None:
    await compare_async(generated(3_000))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
async def test_generated_specimens_on_the_clocks_of_other_places(zone: str) -> None:
    await compare_async(generated(1_500), zone=zone)


async def test_filters() -> None:
    rows = generated(600)
    start = datetime(2026, 3, 28, 5, 30, tzinfo=UTC)
    for wanted in (
        MetricFilter(from_=start),
        MetricFilter(to=start),
        MetricFilter(from_=start, to=start + timedelta(hours=7)),
        MetricFilter(assay="PCR"),
        MetricFilter(machine_id="M3", assay="CBC"),
        MetricFilter(assay="nothing"),
        MetricFilter(from_=start, to=start),
    ):
        await compare_async(rows, wanted)


async def test_one_row() -> None:
    await compare_async([specimen("A", minutes=61)])


async def test_ties() -> None:
    await compare_async([specimen(f"A{number}", minutes=60 if number % 2 else 30, assay="PCR") for number in range(40)])


async def test_all_failed() -> None:
    await compare_async([specimen(f"A{number}", status="ERROR", error_code="E01") for number in range(5)])


async def test_clocks_that_disagree() -> None:
    await compare_async([specimen(f"A{number}", minutes=number - 5) for number in range(11)])


async def test_no_rows() -> None:
    await compare_async([])


_minutes = st.one_of(
    st.none(), st.integers(-120, 600), st.sampled_from([0, 30, 60, 90, 90.0000167]), st.floats(-5, 500)
)
_row = st.builds(
    lambda number, assay, machine, status, code, offset, begins, minutes: specimen(
        f"S{number}",
        assay=assay,
        machine_id=machine,
        status=status,
        error_code=code if status == "ERROR" else None,
        received_at=NOON + timedelta(milliseconds=offset),
        started_at=None if begins is None else NOON + timedelta(milliseconds=offset, minutes=begins),
        minutes=minutes,
    ),
    number=st.integers(0, 10**9),
    assay=st.sampled_from(["CBC", "PCR", "Zürich", "'; DROP TABLE specimens; --"]),
    machine=st.sampled_from(["M1", "M2", "%", "\N{SNOWMAN}"]),
    status=st.sampled_from(["COMPLETED", "COMPLETED", "ERROR", "RECEIVED", "IN_PROCESS"]),
    code=st.sampled_from(["E01", "E02", None]),
    offset=st.integers(-(10**10), 10**10),
    begins=st.one_of(st.none(), st.integers(-10, 300)),
    minutes=_minutes,
)


@given(
    rows=st.lists(_row, max_size=25, unique_by=lambda row: row[0]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]),
    assay=st.sampled_from([None, "PCR", "'; DROP TABLE specimens; --"]),
    hours=st.one_of(st.none(), st.integers(0, 2000)),
)
@settings(max_examples=15, deadline=None)
def test_whatever_comes_in(rows: list[Row], zone: str, assay: str | None, hours: int | None) -> None:
    to = None if hours is None else NOON + timedelta(hours=hours)
    wanted = MetricFilter(NOON - timedelta(days=20) if hours else None, to, assay)
    asyncio.run(compare_async(rows, wanted, zone))
