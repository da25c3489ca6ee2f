"""``/what-if``: the kit's formula, and simulations of the laboratory."""

from dataclasses import asdict

from classy_fastapi import post
from fastapi import Response

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.labops.whatif_schemas import LinearAnswer, LinearBody
from application.labops.whatif.project_linearly import ProjectLinearlyQuery


class WhatIfController(LabkeeperController):
    """Tells what would be if the laboratory were another one."""

    route_prefix = "/what-if"

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
