"""``/what-if``: the kit's formula, and simulations of the laboratory."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated

from classy_fastapi import delete, get, post
from fastapi import Path, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import Shutdown
from api.labops.whatif_answers import answer_of, scenario_of, summary_of
from api.labops.whatif_schemas import (
    LinearAnswer,
    LinearBody,
    SimulationAnswer,
    SimulationBody,
    SimulationsPage,
    SimulationSummary,
)
from application.labops.whatif.cancel_simulation import CancelSimulationCommand
from application.labops.whatif.follow_simulation import FollowSimulationQuery
from application.labops.whatif.get_simulation import GetSimulationQuery
from application.labops.whatif.list_simulations import ListSimulationsQuery
from application.labops.whatif.project_linearly import ProjectLinearlyQuery
from application.labops.whatif.runs import SimulationRun
from application.labops.whatif.start_simulation import StartSimulationCommand

SimulationId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Id of the simulation.")]


class WhatIfController(LabkeeperController):
    """Tells what would be if the laboratory were another one."""

    route_prefix = "/what-if"

    def __init__(self, mediator: Mediator, shutdown: Shutdown) -> None:
        super().__init__(mediator)
        self._shutdown = shutdown

    @requires(Role.USER)
    @post("/linear", response_model=LinearAnswer)
    async def project_linearly(self, body: LinearBody) -> Response:
        """Ask the formula of the starter kit: P90 falls with the failures, throughput grows with the machines.

        It knows no queues: a simulation does. Where there is no data, everything is 0.
        """
        query = ProjectLinearlyQuery(extra_machines=body.extra_machines, reduced_failure_rate=body.reduced_failure_rate)
        result = await self.mediator.execute_async(query)
        if result.status != 200:
            return self.process(result)
        now, projection = data_of(result)
        answer = LinearAnswer(
            **body.model_dump(),
            **asdict(projection),
            current_tat_p90=now.tat_p90,
            current_throughput=now.throughput,
            machines=now.machines,
        )
        return self.answer(200, answer)

    @requires(Role.USER)
    @sends(202, "Location")
    @post("/simulations", status_code=202, response_model=SimulationAnswer)
    async def start_simulation(self, body: SimulationBody) -> Response:
        """Simulate the laboratory as it was observed, and as it would be; the answer is the run, which goes on.

        409 when there is hardly anything to learn from, 422 when it would take too long.
        """
        command = StartSimulationCommand(
            scenario=scenario_of(body), replications=body.replications, seed=body.seed, horizon=body.horizon
        )
        result = await self.mediator.execute_async(command)
        if result.status != 202:
            return self.process(result)
        run = data_of(result)
        return self.answer(202, answer_of(run), {"Location": f"/api/v1/what-if/simulations/{run.run_id}"})

    @requires(Role.USER)
    @get("/simulations", response_model=SimulationsPage)
    async def list_simulations(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the simulations, newest first. They are kept for 30 days after their end."""
        result = await self.mediator.execute_async(ListSimulationsQuery(limit=limit, cursor=cursor))
        if result.status != 200:
            return self.process(result)
        page = data_of(result)
        return self.answer(
            200, SimulationsPage(items=[summary_of(run) for run in page.items], next_cursor=page.next_cursor)
        )

    @requires(Role.USER)
    @get("/simulations/{simulation_id}", response_model=SimulationAnswer)
    async def get_simulation(self, simulation_id: SimulationId) -> Response:
        """Look at one simulation: how far it is, or what came out."""
        result = await self.mediator.execute_async(GetSimulationQuery(run_id=simulation_id))
        return self.process(result) if result.status != 200 else self.answer(200, answer_of(data_of(result)))

    @requires(Role.USER)
    @get(
        "/simulations/{simulation_id}/events",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}, "description": "Events named `progress`"}},
    )
    async def follow_simulation(self, simulation_id: SimulationId) -> Response:
        """Follow a simulation as server-sent events, until it has ended. The last event says how."""
        result = await self.mediator.execute_async(FollowSimulationQuery(run_id=simulation_id))
        if result.status != 200:
            return self.process(result)
        return EventStreamResponse(_progress(data_of(result)), self._shutdown)

    @requires(Role.USER)
    @delete("/simulations/{simulation_id}", response_model=SimulationSummary)
    async def cancel_simulation(self, simulation_id: SimulationId) -> Response:
        """Cancel a simulation that waits or runs. 409 when it has ended otherwise."""
        result = await self.mediator.execute_async(CancelSimulationCommand(run_id=simulation_id))
        return self.process(result) if result.status != 200 else self.answer(200, summary_of(data_of(result)))


async def _progress(runs: AsyncIterator[SimulationRun]) -> AsyncIterator[ServerSentEvent]:
    async for run in runs:
        event_id = f"{run.run_id}.{run.state}.{run.replications_done}"
        yield ServerSentEvent(summary_of(run).model_dump_json(), event_id, "progress")
