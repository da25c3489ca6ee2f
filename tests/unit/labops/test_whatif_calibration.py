"""What is learnt from specimens of laboratories that are known."""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

import pytest

from application.labops.specimen_table import Row
from application.labops.whatif.arrival_rates import arrivals_from
from application.labops.whatif.calibration import LaboratoryCalibration
from domain.labops.whatif.errors import NothingToLearnFromError
from domain.labops.whatif.observed import Calibration
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Plan, outcome_of
from integration.labops.whatif.model import replicate
from tests.support.specimen_tables import NOON, InMemorySpecimenTable, specimen
from tests.support.tallies import HandClock


async def calibrated(rows: list[Row], now: datetime | None = None) -> Calibration:
    clock = HandClock(now or max(row[6] for row in rows) + timedelta(days=1))
    return await LaboratoryCalibration(InMemorySpecimenTable(rows), clock).calibrate_async()


def worked_off(
    count: int,
    machines: int,
    gap: float,
    service: Callable[[Random, str], float],
    *,
    started: bool,
    handling: float = 0.0,
    failing: float = 0.0,
    seed: int = 1,
) -> list[Row]:
    """Specimens of a laboratory with one queue in which nobody overtakes; ``gap`` minutes lie between receipts."""
    random = Random(seed)
    free = [(0.0, f"M{number}") for number in range(1, machines + 1)]
    rows, at = [], 0.0
    for number in range(count):
        at += random.expovariate(1 / gap)
        assay = random.choice(("CBC", "PCR"))
        free_at, machine = heappop(free)
        begin = max(at + handling, free_at)
        end = begin + service(random, assay)
        heappush(free, (end, machine))
        failed = random.random() < failing
        rows.append(
            specimen(
                f"SP{number:06}",
                assay=assay,
                machine_id=machine,
                status="ERROR" if failed else "COMPLETED",
                received_at=NOON + timedelta(minutes=at),
                started_at=NOON + timedelta(minutes=begin) if started else None,
                processed_at=None if failed else NOON + timedelta(minutes=end),
                version=3 if started else 2,
            )
        )
    return rows


def by_assay(random: Random, assay: str) -> float:
    return random.uniform(2, 4) if assay == "CBC" else random.uniform(6, 10)


async def test_measured_service_times_are_those_of_the_machines() -> None:
    found = await calibrated(worked_off(4000, 2, 3.5, by_assay, started=True))
    observed, laboratory = found.observed, found.laboratory
    assert (observed.service_times, observed.measured_share, observed.specimens) == ("measured", 1.0, 4000)
    assert [machine.machine_id for machine in laboratory.machines] == ["M1", "M2"]
    for machine in laboratory.machines:
        assert machine.slots == 1
        for assay, mean in (("CBC", 3.0), ("PCR", 8.0)):
            values = machine.service[assay]
            assert sum(values) / len(values) == pytest.approx(mean, rel=0.03)
    assert observed.handling_mean == pytest.approx(0.0, abs=0.01)
    assert observed.arrivals_per_hour == pytest.approx(60 / 3.5, rel=0.06)


async def test_without_starts_they_are_estimated_from_busy_periods_and_nearly_the_same() -> None:
    found = await calibrated(worked_off(4000, 1, 7.0, by_assay, started=False))
    assert (found.observed.service_times, found.observed.measured_share) == ("estimated", 0.0)
    machine = found.laboratory.machines[0]
    assert machine.slots == 1
    assert sum(machine.service["CBC"]) / len(machine.service["CBC"]) == pytest.approx(3.0, rel=0.03)
    assert sum(machine.service["PCR"]) / len(machine.service["PCR"]) == pytest.approx(8.0, rel=0.03)


async def test_machines_that_tell_no_starts_work_beside_those_that_do() -> None:
    """Each assay on each machine is measured where that can be, and no machine is left out for saying less."""
    told = worked_off(3000, 2, 3.5, by_assay, started=True)
    rows = [(*row[:7], None, *row[8:]) if row[2] == "M2" else row for row in told]
    found = await calibrated(rows)
    assert found.observed.service_times == "mixed"
    assert found.observed.measured_share == pytest.approx(0.5, abs=0.05)
    assert [(one.machine_id, one.service_times) for one in found.observed.machines] == [
        ("M1", "measured"),
        ("M2", "estimated"),
    ]
    first, second = found.laboratory.machines
    for assay, mean in (("CBC", 3.0), ("PCR", 8.0)):
        assert sum(first.service[assay]) / len(first.service[assay]) == pytest.approx(mean, rel=0.03)
        assert sum(second.service[assay]) / len(second.service[assay]) == pytest.approx(mean, rel=0.25)
    assert (first.slots, second.slots) == (1, 1)


async def test_an_assay_without_starts_is_estimated_on_a_machine_that_else_is_measured() -> None:
    told = worked_off(3000, 1, 7.0, by_assay, started=True)
    rows = [(*row[:7], None, *row[8:]) if row[1] == "CBC" else row for row in told]
    found = await calibrated(rows)
    [machine] = found.laboratory.machines
    assert (found.observed.service_times, found.observed.machines[0].service_times) == ("mixed", "mixed")
    assert sum(machine.service["CBC"]) / len(machine.service["CBC"]) == pytest.approx(3.0, rel=0.03)
    assert sum(machine.service["PCR"]) / len(machine.service["PCR"]) == pytest.approx(8.0, rel=0.03)


async def test_what_was_shown_to_be_handling_is_no_work_on_a_machine_that_tells_no_starts() -> None:
    told = worked_off(1500, 2, 20.0, by_assay, started=True, handling=60.0)
    rows = [(*row[:7], None, *row[8:]) if row[2] == "M2" else row for row in told]
    found = await calibrated(rows)
    assert found.observed.handling_mean == pytest.approx(60.0, rel=0.02)
    outcome = outcome_of([replicate(found.laboratory, Scenario(), Plan(4, 1, 7200.0), number) for number in range(4)])
    assert outcome.tat_p50.mean == pytest.approx(found.observed.tat_p50, rel=0.15)


async def test_where_specimens_overtake_the_whole_stay_is_work_on_many_at_once() -> None:
    random = Random(3)
    rows = [
        specimen(f"SP{number}", received_at=NOON + timedelta(minutes=number), minutes=random.uniform(30, 480))
        for number in range(2000)
    ]
    found = await calibrated(rows)
    machine = found.laboratory.machines[0]
    assert machine.slots > 200
    assert found.observed.machines[0].service_mean == pytest.approx(255, rel=0.05)


@pytest.mark.parametrize("started", [True, False])
async def test_the_simulated_laboratory_takes_as_long_as_the_observed_one(started: bool) -> None:
    found = await calibrated(worked_off(6000, 1, 7.0, by_assay, started=started))
    plan = Plan(8, 1, 5 * 1440.0)
    outcome = outcome_of([replicate(found.laboratory, Scenario(), plan, number) for number in range(8)])
    assert outcome.tat_p50.mean == pytest.approx(found.observed.tat_p50, rel=0.15)
    assert outcome.tat_p90.mean == pytest.approx(found.observed.tat_p90, rel=0.25)


async def test_what_no_machine_explains_is_handling() -> None:
    found = await calibrated(worked_off(2000, 2, 20.0, by_assay, started=True, handling=15.0))
    assert found.observed.handling_mean == pytest.approx(15.0, rel=0.02)
    outcome = outcome_of([replicate(found.laboratory, Scenario(), Plan(4, 1, 7200.0), number) for number in range(4)])
    assert outcome.tat_p50.mean == pytest.approx(found.observed.tat_p50, rel=0.1)


async def test_failures_are_of_all_tries_and_reruns_are_known_by_the_facts_about_a_specimen() -> None:
    rows = [specimen(f"A{number}", minutes=number % 7, version=2) for number in range(80)]
    rows += [specimen(f"B{number}", status="ERROR", version=2) for number in range(10)]
    rows += [specimen(f"C{number}", minutes=5, version=3) for number in range(10)]
    rows += [specimen("D", status="RECEIVED")]
    found = await calibrated(rows)
    assert found.laboratory.machines[0].failure_probability == pytest.approx(20 / 110)
    assert found.laboratory.rerun_probability == pytest.approx(0.5)


async def test_arrivals_repeat_by_the_week_the_day_or_not_at_all_as_far_as_can_be_seen() -> None:
    def received(hours: int) -> list[Row]:
        return [
            specimen(f"S{hour}.{number}", received_at=NOON + timedelta(hours=hour, minutes=number), minutes=5)
            for hour in range(hours)
            for number in range(20 if (12 + hour) % 24 == 9 else 2)
        ]

    for hours, pattern, periods in ((30, "constant", 1), (96, "hour_of_day", 24), (400, "hour_of_week", 168)):
        found = await calibrated(received(hours))
        assert (found.observed.arrivals, len(found.laboratory.arrivals.per_hour)) == (pattern, periods)
        if periods > 1:
            assert found.laboratory.arrivals.per_hour[9] == pytest.approx(20, rel=0.05)
            assert found.laboratory.arrivals.per_hour[10] == pytest.approx(2, rel=0.05)


async def test_only_the_last_four_weeks_count_and_nothing_from_the_future() -> None:
    old = [specimen(f"O{n}", machine_id="OLD", received_at=NOON - timedelta(days=40), minutes=5) for n in range(50)]
    new = [specimen(f"N{n}", received_at=NOON + timedelta(minutes=n), minutes=5) for n in range(50)]
    late = [specimen(f"L{n}", machine_id="LATE", received_at=NOON + timedelta(days=9), minutes=5) for n in range(50)]
    found = await calibrated([*old, *new, *late], now=NOON + timedelta(days=1))
    assert [machine.machine_id for machine in found.laboratory.machines] == ["M1"]
    assert (found.observed.specimens, found.observed.since) == (50, NOON)


@pytest.mark.parametrize("count", [0, 1, 19])
async def test_from_hardly_anything_nothing_is_learnt(count: int) -> None:
    with pytest.raises(NothingToLearnFromError):
        await calibrated([specimen(f"S{n}", minutes=n) for n in range(count)], now=NOON + timedelta(days=1))


async def test_adversarial_specimens_still_make_a_laboratory() -> None:
    """Clock skew, no time at all, all at one moment, errors only on one machine, open ones on another."""
    rows = [specimen(f"A{n}", minutes=0) for n in range(30)]
    rows += [specimen(f"B{n}", minutes=-5) for n in range(30)]
    rows += [specimen(f"C{n}", machine_id="M2", status="ERROR") for n in range(30)]
    rows += [specimen(f"D{n}", machine_id="M3", status="IN_PROCESS", assay="PCR") for n in range(30)]
    rows += [specimen(f"E{n}", started_at=NOON - timedelta(hours=1), minutes=1) for n in range(3)]
    found = await calibrated(rows)
    assert [machine.machine_id for machine in found.laboratory.machines] == ["M1"]
    assert found.laboratory.assays == ("CBC",)
    assert replicate(found.laboratory, Scenario(), Plan(1, 1, 600.0), 0).completed > 0


def test_hours_without_arrivals_have_no_rate_and_the_overall_mix() -> None:
    counts = [("CBC", 9, 30), ("PCR", 9, 10)]
    assays, arrivals, pattern = arrivals_from(counts, NOON, NOON + timedelta(days=4))
    assert (assays, pattern) == (("CBC", "PCR"), "hour_of_day")
    assert arrivals.per_hour[9] == 10.0
    assert sum(arrivals.per_hour) == 10.0
    assert set(arrivals.mix) == {(0.75, 0.25)}
