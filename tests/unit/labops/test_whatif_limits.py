"""How long is simulated where nobody says so, and what intervals never hold."""

from dataclasses import replace

import pytest

from domain.labops.whatif.errors import InvalidSimulationError
from domain.labops.whatif.laboratory import Arrivals
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import (
    Estimate,
    Figures,
    Plan,
    Simulation,
    check_simulation,
    estimate,
    longest_horizon,
    outcome_of,
)
from tests.support.whatif import SMALL

HOUR = 60.0


@pytest.mark.parametrize("per_hour", [0.5, 20.0, 1190.0, 1200.0, 4300.0, 9_000.0])
@pytest.mark.parametrize("growth", [-0.5, 0.0, 0.2, 2.0])
@pytest.mark.parametrize("replications", [1, 10, 20])
def test_the_horizon_that_nobody_names_is_the_longest_that_may_be_simulated(
    per_hour: float, growth: float, replications: int
) -> None:
    laboratory = replace(SMALL, arrivals=Arrivals((per_hour,), ((0.5, 0.5),)))
    scenario = Scenario(arrival_growth=growth)
    horizon = longest_horizon(laboratory, scenario, replications)
    check_simulation(Simulation(laboratory, scenario, Plan(replications, 1, horizon)))
    assert HOUR <= horizon <= 7 * 24 * HOUR
    if horizon < 7 * 24 * HOUR:
        with pytest.raises(InvalidSimulationError):
            check_simulation(Simulation(laboratory, scenario, Plan(replications, 1, horizon + HOUR)))


def test_where_not_even_an_hour_may_be_simulated_it_is_said() -> None:
    laboratory = replace(SMALL, arrivals=Arrivals((300_000.0,), ((0.5, 0.5),)))
    horizon = longest_horizon(laboratory, Scenario(), 1)
    assert horizon == HOUR
    with pytest.raises(InvalidSimulationError):
        check_simulation(Simulation(laboratory, Scenario(), Plan(1, 1, horizon)))


def figures(minutes: float, share: float) -> Figures:
    return Figures(10, 9, 1, 0, minutes, minutes, minutes, minutes, minutes, minutes, minutes, share, {"M1": share})


def test_no_interval_holds_what_cannot_be() -> None:
    outcome = outcome_of([figures(1.0, 0.999), figures(90.0, 0.6), figures(2.0, 0.99)])
    for name in ("tat_p50", "tat_p90", "tat_p99", "tat_mean", "wait_mean", "throughput", "queue_length"):
        found: Estimate = getattr(outcome, name)
        assert found.low == 0.0, name
        assert found.high is not None
        assert found.high > found.mean
    assert (outcome.utilisation_mean.high, outcome.utilisation["M1"].high) == (1.0, 1.0)


def test_a_difference_may_be_less_than_nothing() -> None:
    low = estimate([-1.0, 2.0]).low
    assert low is not None
    assert low < 0
