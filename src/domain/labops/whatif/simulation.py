"""What is simulated, how much of it at most, and what comes out."""

from dataclasses import dataclass
from datetime import datetime
from math import inf
from statistics import fmean, stdev

from domain.labops.whatif.errors import InvalidSimulationError
from domain.labops.whatif.laboratory import Laboratory
from domain.labops.whatif.scenario import Policy, PolicyKind, Scenario

LARGEST_REPLICATION = 200_000
LARGEST_SIMULATION = 4_000_000
USUAL_HOURS = 7 * 24
WARM_UP = 0.1
"""The first tenth of the horizon is not measured: the laboratory starts empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is simulated.

    Attributes:
        replications: independent repetitions, each with random numbers of its own.
        seed: the same seed gives the same numbers.
        horizon: minutes during which specimens arrive; what is in the laboratory at its end is still worked off.
        begins: the hour in which the simulated time begins, aware UTC: it decides which rates of arrivals come first.
            None for Monday 00:00 UTC, as in plans from before there was a choice.
    """

    replications: int
    seed: int
    horizon: float
    begins: datetime | None = None

    @property
    def first_hour(self) -> int:
        """The hour of the week, from Monday 00:00 UTC, in which it begins."""
        return 0 if self.begins is None else self.begins.weekday() * 24 + self.begins.hour

    @property
    def warm_up(self) -> float:
        """Minutes at the beginning of which nothing is counted: the laboratory begins empty."""
        return self.horizon * WARM_UP


@dataclass(frozen=True, slots=True)
class Simulation:
    """All that a process needs to simulate: the laboratory as it is, and what is changed."""

    laboratory: Laboratory
    scenario: Scenario
    plan: Plan


@dataclass(frozen=True, slots=True)
class Figures:
    """What one replication shows, of specimens received after the warm-up; times in minutes.

    Attributes:
        specimens: simulated, the warm-up included.
        completed, failed, reruns: of the measured ones.
        tat_p50, tat_p90, tat_p99, tat_mean: from receipt to the result, of completed ones; 0 when there are none.
        wait_mean: in the queue in front of the machines, per try.
        throughput: results an hour between the end of the warm-up and the horizon.
        queue_length: specimens that wait, on average over that time.
        utilisation: share of that time in which its slots worked, by machine; ``utilisation_mean`` is of all slots.
    """

    specimens: int
    completed: int
    failed: int
    reruns: int
    tat_p50: float
    tat_p90: float
    tat_p99: float
    tat_mean: float
    wait_mean: float
    throughput: float
    queue_length: float
    utilisation_mean: float
    utilisation: dict[str, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications with its 95 % confidence interval (Student's t); None of a single replication.

    The interval ends where the figure does: no time, rate or length is below 0, no share above 1.
    """

    mean: float
    low: float | None
    high: float | None


_SHARES = frozenset({"utilisation_mean"})
ESTIMATED = (
    "tat_p50",
    "tat_p90",
    "tat_p99",
    "tat_mean",
    "wait_mean",
    "throughput",
    "queue_length",
    "utilisation_mean",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all replications together show: ``Figures`` as estimates.

    Attributes:
        error_rate: share of the ended specimens that have no result.
    """

    tat_p50: Estimate
    tat_p90: Estimate
    tat_p99: Estimate
    tat_mean: Estimate
    wait_mean: Estimate
    throughput: Estimate
    queue_length: Estimate
    utilisation_mean: Estimate
    error_rate: Estimate
    utilisation: dict[str, Estimate]
    specimens: int


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The laboratory as it is, as it would be, and the difference.

    Attributes:
        difference: scenario minus baseline by figure. Both sides had the same specimens arrive wherever the scenario
            does not change that, so it is known better than either side.
    """

    baseline: Outcome
    scenario: Outcome
    difference: dict[str, Estimate]


def longest_horizon(laboratory: Laboratory, scenario: Scenario, replications: int) -> float:
    """Return the minutes to simulate where nobody names any: seven days, or the whole hours that may be simulated.

    At least one hour, be it too much; ``check_simulation`` then says why.
    """
    per_hour = laboratory.arrivals.mean_per_hour
    once = LARGEST_REPLICATION / (per_hour * (1 + scenario.arrival_growth))
    altogether = LARGEST_SIMULATION / (replications * per_hour * (2 + scenario.arrival_growth))
    return 60.0 * max(1, int(min(USUAL_HOURS, once, altogether)))


def check_simulation(simulation: Simulation) -> None:
    """Refuse what would take too long.

    Raises:
        InvalidSimulationError: names the field and the rule.
    """
    plan, scenario = simulation.plan, simulation.scenario
    _check_policy(scenario.policy, simulation.laboratory)
    hours = plan.horizon / 60
    per_hour = simulation.laboratory.arrivals.mean_per_hour
    longest = LARGEST_REPLICATION / (per_hour * (1 + scenario.arrival_growth))
    if hours > longest:
        rule = f"must be at most {int(longest)} hours: {LARGEST_REPLICATION} specimens arrive in that time"
        raise InvalidSimulationError("horizon", rule)
    most = LARGEST_SIMULATION / (per_hour * hours * (2 + scenario.arrival_growth))
    if plan.replications > most:
        rule = f"must be at most {int(most)} with this horizon: all together simulate {LARGEST_SIMULATION} specimens"
        raise InvalidSimulationError("replications", rule)


def summarize(baseline: list[Figures], scenario: list[Figures]) -> SimulationResult:
    """Return what the replications show; both lists in the order of the replications."""
    difference = {
        name: estimate([getattr(then, name) - getattr(now, name) for now, then in zip(baseline, scenario, strict=True)])
        for name in ESTIMATED
    }
    return SimulationResult(outcome_of(baseline), outcome_of(scenario), difference)


def outcome_of(replications: list[Figures]) -> Outcome:
    """Return the figures of several replications as estimates."""
    return Outcome(
        **{
            name: estimate([getattr(figures, name) for figures in replications], 0.0, 1.0 if name in _SHARES else inf)
            for name in ESTIMATED
        },
        error_rate=estimate(
            [figures.failed / max(1, figures.failed + figures.completed) for figures in replications], 0.0, 1.0
        ),
        utilisation={
            machine: estimate([figures.utilisation[machine] for figures in replications], 0.0, 1.0)
            for machine in replications[0].utilisation
        },
        specimens=sum(figures.specimens for figures in replications),
    )


def estimate(values: list[float], least: float = -inf, most: float = inf) -> Estimate:
    """Return mean and confidence interval; a single value has none.

    Args:
        least, most: what the figure can be; the interval goes no further.
    """
    mean = fmean(values)
    if len(values) == 1:
        return Estimate(mean, None, None)
    half = _t(len(values) - 1) * stdev(values) / len(values) ** 0.5
    return Estimate(mean, max(least, mean - half), min(most, mean + half))


def _check_policy(policy: Policy, laboratory: Laboratory) -> None:
    unknown = [assay for assay in policy.assays if assay not in laboratory.assays]
    if policy.kind is PolicyKind.PRIORITY and unknown:
        known = ", ".join(laboratory.assays)
        raise InvalidSimulationError("policy.assays", f"must be assays that were observed: {known}")


_T_975 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)


def _t(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t; from 11 degrees on by its Cornish-Fisher expansion."""
    if degrees <= len(_T_975):
        return _T_975[degrees - 1]
    z = 1.959964
    return float(
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )
