"""Simulations as the API shows them, and what it asks as the domain says it."""

from datetime import timedelta
from typing import Any

from api.labops.whatif_schemas import (
    ObservedAnswer,
    PolicyAnswer,
    ResultAnswer,
    SimulationAnswer,
    SimulationBody,
    SimulationSummary,
)
from application.labops.whatif.runs import SimulationRun
from domain.labops.whatif.scenario import Policy, PolicyKind, Scenario


def scenario_of(body: SimulationBody) -> Scenario:
    """Return what is asked to be changed."""
    policy = body.policy
    return Scenario(
        extra_machines=body.extra_machines,
        failure_rate_factor=body.failure_rate_factor,
        arrival_growth=body.arrival_growth,
        policy=Policy(PolicyKind(policy.kind), tuple(policy.assays), policy.size, policy.longest_wait_minutes),
    )


def summary_of(run: SimulationRun) -> SimulationSummary:
    """Return a run without what it learnt from and what came out."""
    return SimulationSummary(**_shared(run))


def answer_of(run: SimulationRun) -> SimulationAnswer:
    """Return all of a run."""
    return SimulationAnswer(
        **_shared(run),
        observed=ObservedAnswer.model_validate(run.observed),
        result=None if run.result is None else ResultAnswer.model_validate(run.result),
    )


def _shared(run: SimulationRun) -> dict[str, Any]:
    scenario, plan = run.scenario, run.plan
    return {
        "id": run.run_id,
        "state": run.state,
        "actor": run.actor,
        "extra_machines": scenario.extra_machines,
        "failure_rate_factor": scenario.failure_rate_factor,
        "arrival_growth": scenario.arrival_growth,
        "policy": PolicyAnswer(
            kind=scenario.policy.kind.value,
            assays=list(scenario.policy.assays),
            size=scenario.policy.size,
            longest_wait_minutes=scenario.policy.longest_wait,
        ),
        "replications": plan.replications,
        "seed": plan.seed,
        "horizon": timedelta(minutes=plan.horizon),
        "begins": plan.begins,
        "service_times": run.observed.service_times,
        "replications_done": run.replications_done,
        "progress": run.replications_done / plan.replications,
        "specimens": run.specimens,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "error": run.error,
    }
