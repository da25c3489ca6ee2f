"""The simulation against queueing theory: it must find, within its confidence, what can be computed."""

from datetime import UTC, datetime, timedelta
from math import exp, factorial, log

import pytest

from domain.labops.whatif.laboratory import Arrivals, Laboratory, Machine, Minutes
from domain.labops.whatif.scenario import Policy, PolicyKind, Scenario
from domain.labops.whatif.simulation import Estimate, Outcome, Plan, outcome_of
from integration.labops.whatif.model import replicate

POINTS = 2000


def exponential(mean: float) -> Minutes:
    return tuple(-mean * log(1 - (number + 0.5) / POINTS) for number in range(POINTS))


def laboratory(per_hour: float, machines: int, service: Minutes, slots: int = 1, failing: float = 0.0) -> Laboratory:
    return Laboratory(
        assays=("CBC",),
        arrivals=Arrivals((per_hour,), ((1.0,),)),
        machines=tuple(Machine(f"M{number}", slots, failing, {"CBC": service}) for number in range(machines)),
        handling={},
        rerun_probability=0.0,
    )


def simulated(
    lab: Laboratory, hours: float, scenario: Scenario | None = None, replications: int = 12, seed: int = 7
) -> Outcome:
    plan = Plan(replications, seed, hours * 60)
    return outcome_of([replicate(lab, scenario or Scenario(), plan, number) for number in range(replications)])


def erlang_c(machines: int, load: float) -> float:
    """Return the probability that a specimen has to wait (M/M/c)."""
    last = load**machines / factorial(machines) * machines / (machines - load)
    return last / (sum(load**number / factorial(number) for number in range(machines)) + last)


def agrees(estimate: Estimate, theory: float, within: float) -> None:
    """The interval is narrow enough to say something, and theory lies in it or at most half of it beside."""
    assert estimate.high is not None
    half = estimate.high - estimate.mean
    assert half <= within * theory, f"{estimate} says too little about {theory}"
    assert abs(estimate.mean - theory) <= 1.5 * half, f"{estimate} contradicts {theory}"


@pytest.mark.parametrize(("machines", "load"), [(1, 0.7), (2, 1.5), (5, 4.0)])
def test_waiting_queue_and_utilisation_are_those_of_m_m_c(machines: int, load: float) -> None:
    service, rate = 4.0, load / 4.0
    found = simulated(laboratory(rate * 60, machines, exponential(service)), hours=8_000 / (rate * 60))
    waiting = erlang_c(machines, load) / (machines / service - rate)
    agrees(found.wait_mean, waiting, 0.15)
    for wrong in (one for one in (machines - 1, machines + 1) if one > load):
        with pytest.raises(AssertionError, match="contradicts"):
            agrees(found.wait_mean, erlang_c(wrong, load) / (wrong / service - rate), 0.5 if wrong < machines else 9.0)
    agrees(found.queue_length, rate * waiting, 0.15)
    agrees(found.tat_mean, waiting + service, 0.08)
    agrees(found.utilisation_mean, load / machines, 0.03)
    agrees(found.throughput, rate * 60, 0.03)


def test_slots_of_one_machine_are_like_as_many_machines() -> None:
    found = simulated(laboratory(30, 1, exponential(4.0), slots=3), hours=200)
    agrees(found.wait_mean, erlang_c(3, 2.0) / (3 / 4.0 - 0.5), 0.12)
    agrees(found.utilisation_mean, 2.0 / 3, 0.03)


def test_the_percentiles_of_m_m_1_are_those_of_an_exponential() -> None:
    found = simulated(laboratory(9, 1, exponential(4.0)), hours=800)
    mean = 1 / (1 / 4.0 - 9 / 60)
    agrees(found.tat_p50, mean * log(2), 0.06)
    agrees(found.tat_p90, mean * log(10), 0.06)
    agrees(found.tat_p99, mean * log(100), 0.13)


def test_waiting_is_that_of_m_d_1() -> None:
    found = simulated(laboratory(12, 1, (4.0,)), hours=600)
    load = 12 / 60 * 4.0
    agrees(found.wait_mean, load * 4.0 / (2 * (1 - load)), 0.08)


def test_one_more_machine_does_what_m_m_c_says() -> None:
    found = simulated(laboratory(22.5, 2, exponential(4.0)), hours=260, scenario=Scenario(extra_machines=1))
    agrees(found.wait_mean, erlang_c(3, 1.5) / (3 / 4.0 - 22.5 / 60), 0.12)
    assert set(found.utilisation) == {"M0", "M1", "extra-1"}


def test_growth_is_more_arrivals() -> None:
    found = simulated(laboratory(18.75, 2, exponential(4.0)), hours=260, scenario=Scenario(arrival_growth=0.2))
    agrees(found.wait_mean, erlang_c(2, 1.5) / (2 / 4.0 - 22.5 / 60), 0.12)


def test_reruns_come_back_as_work() -> None:
    """Each try fails in one case of five and is repeated: a quarter more work, always with a result in the end."""
    lab = laboratory(12, 1, exponential(2.0), failing=0.2)
    lab = Laboratory(lab.assays, lab.arrivals, lab.machines, {}, rerun_probability=1.0)
    found = simulated(lab, hours=500)
    agrees(found.utilisation_mean, 12 / 60 * 2.0 * (1 - 0.2**5) / 0.8, 0.03)
    assert found.error_rate.mean == pytest.approx(0.2**5, abs=5e-4)


def test_failures_without_reruns_are_errors_and_a_factor_halves_them() -> None:
    lab = laboratory(12, 1, exponential(2.0), failing=0.2)
    agrees(simulated(lab, hours=300).error_rate, 0.2, 0.05)
    agrees(simulated(lab, hours=300, scenario=Scenario(failure_rate_factor=0.5)).error_rate, 0.1, 0.06)


def test_the_shortest_first_waits_less_on_average_and_by_the_formula_of_cobham() -> None:
    """M/G/1 with two classes that do not interrupt each other: waits are W0/(1-r1) and W0/((1-r1)(1-r))."""
    lab = Laboratory(
        assays=("slow", "quick"),
        arrivals=Arrivals((12.0,), ((0.5, 0.5),)),
        machines=(Machine("M0", 1, 0.0, {"slow": (6.0,), "quick": (2.0,)}),),
        handling={},
        rerun_probability=0.0,
    )
    rate, quick, slow = 0.1, 0.2, 0.6
    residual = rate * (2.0**2 + 6.0**2) / 2
    by_priority = (residual / (1 - quick) + residual / ((1 - quick) * (1 - quick - slow))) / 2
    by_arrival = residual / (1 - quick - slow)
    agrees(simulated(lab, hours=600).wait_mean, by_arrival, 0.08)
    first = Scenario(policy=Policy(PolicyKind.PRIORITY))
    agrees(simulated(lab, hours=600, scenario=first).wait_mean, by_priority, 0.08)


def test_arrivals_follow_the_hour() -> None:
    """By hour of the day, with nothing at night; the count is Poisson."""
    rates = tuple(30.0 if 8 <= hour < 16 else 0.0 for hour in range(24))
    lab = laboratory(1, 5, (1.0,))
    lab = Laboratory(lab.assays, Arrivals(rates, ((1.0,),) * 24), lab.machines, {}, 0.0)
    figures = [replicate(lab, Scenario(), Plan(1, 3, 10 * 1440.0), number) for number in range(10)]
    mean = sum(one.specimens for one in figures) / 10
    assert abs(mean - 2400) < 4 * (2400 / 10) ** 0.5


def test_the_simulated_time_begins_in_the_hour_that_its_plan_names() -> None:
    """Specimens come on Saturdays only: of a day from then on there are some, of a Sunday none."""
    rates = tuple(30.0 if hour // 24 == 5 else 0.0 for hour in range(168))
    lab = laboratory(1, 5, (1.0,))
    lab = Laboratory(lab.assays, Arrivals(rates, ((1.0,),) * 168), lab.machines, {}, 0.0)
    saturday = datetime(2026, 2, 7, tzinfo=UTC)

    def specimens(begins: datetime | None) -> int:
        return replicate(lab, Scenario(), Plan(1, 3, 1440.0, begins), 0).specimens

    assert (specimens(None), specimens(saturday + timedelta(days=1))) == (0, 0)
    assert abs(specimens(saturday) - 720) < 4 * 720**0.5
    assert abs(specimens(saturday + timedelta(hours=16)) - 240) < 4 * 240**0.5


def test_the_pieces_of_a_batch_wait_for_each_other() -> None:
    """With work that takes no time, the first of a batch of two waits for the next arrival or the longest wait."""
    scenario = Scenario(policy=Policy(PolicyKind.BATCH, size=2, longest_wait=3.0))
    found = simulated(laboratory(20, 1, (0.0,)), hours=400, scenario=scenario)
    # The first waits min(exponential(3), 3); if nobody came it goes alone, else the second waits not at all.
    alone = exp(-1.0)
    first = 3.0 * (1 - alone)
    agrees(found.wait_mean, first / (alone + 2 * (1 - alone)), 0.03)
