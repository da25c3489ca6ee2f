"""What organisations own: programs and opportunities."""

from typing import Annotated

from classy_fastapi import delete, patch, post
from fastapi import Path, Response

from api.access.managed_here import MANAGED_HERE
from api.access.organizations_controller import Slug
from api.access.schemas import (
    AddOpportunityBody,
    AddProgramBody,
    ChangeOpportunityBody,
    ChangeProgramBody,
    OpportunityAnswer,
    ProgramAnswer,
)
from api.access.shaped_answers import ShapedAnswersController
from api.kernel.authorization import Role, requires
from api.kernel.described_headers import sends
from application.access.add_opportunity import AddOpportunityCommand
from application.access.add_program import AddProgramCommand
from application.access.change_opportunity import ChangeOpportunityCommand
from application.access.change_program import ChangeProgramCommand
from application.access.remove_opportunity import RemoveOpportunityCommand
from application.access.remove_program import RemoveProgramCommand
from domain.access.details import OpportunityDetails, ProgramDetails

ProgramId = Annotated[int, Path(ge=1, lt=1 << 63, description="Id of a program.")]
OpportunityId = Annotated[int, Path(ge=1, lt=1 << 63, description="Id of an opportunity.")]


class OwnedController(ShapedAnswersController):
    """Programs and opportunities, below their organisation."""

    route_prefix = "/organizations/{slug}"
    tag = "Organizations"

    @requires(Role.ADMIN)
    @sends(201, "X-Position")
    @post("/programs", status_code=201, response_model=ProgramAnswer, dependencies=MANAGED_HERE)
    async def add_program(self, slug: Slug, body: AddProgramBody) -> Response:
        """Add a program."""
        command = AddProgramCommand(slug=slug, details=ProgramDetails(**body.model_dump()))
        return self.shaped(await self.mediator.execute_async(command), ProgramAnswer)

    @requires(Role.ADMIN)
    @sends(200, "X-Position")
    @patch("/programs/{program_id}", response_model=ProgramAnswer, dependencies=MANAGED_HERE)
    async def change_program(self, slug: Slug, program_id: ProgramId, body: ChangeProgramBody) -> Response:
        """Change a program."""
        command = ChangeProgramCommand(slug=slug, program_id=program_id, changes=body.given())
        return self.shaped(await self.mediator.execute_async(command), ProgramAnswer)

    @requires(Role.ADMIN)
    @sends(204, "X-Position")
    @delete("/programs/{program_id}", status_code=204, dependencies=MANAGED_HERE)
    async def remove_program(self, slug: Slug, program_id: ProgramId) -> Response:
        """Remove a program; opportunities that named it stay, without one. While it holds records: 409."""
        return self.process(await self.mediator.execute_async(RemoveProgramCommand(slug=slug, program_id=program_id)))

    @requires(Role.ADMIN)
    @sends(201, "X-Position")
    @post("/opportunities", status_code=201, response_model=OpportunityAnswer, dependencies=MANAGED_HERE)
    async def add_opportunity(self, slug: Slug, body: AddOpportunityBody) -> Response:
        """Add an opportunity. Members of the organisation that owns its program see it as well."""
        command = AddOpportunityCommand(slug=slug, details=OpportunityDetails(**body.model_dump()))
        return self.shaped(await self.mediator.execute_async(command), OpportunityAnswer)

    @requires(Role.ADMIN)
    @sends(200, "X-Position")
    @patch("/opportunities/{opportunity_id}", response_model=OpportunityAnswer, dependencies=MANAGED_HERE)
    async def change_opportunity(
        self, slug: Slug, opportunity_id: OpportunityId, body: ChangeOpportunityBody
    ) -> Response:
        """Change an opportunity."""
        command = ChangeOpportunityCommand(slug=slug, opportunity_id=opportunity_id, changes=body.given())
        return self.shaped(await self.mediator.execute_async(command), OpportunityAnswer)

    @requires(Role.ADMIN)
    @sends(204, "X-Position")
    @delete("/opportunities/{opportunity_id}", status_code=204, dependencies=MANAGED_HERE)
    async def remove_opportunity(self, slug: Slug, opportunity_id: OpportunityId) -> Response:
        """Remove an opportunity. While it holds records that is 409 `holds-records`."""
        command = RemoveOpportunityCommand(slug=slug, opportunity_id=opportunity_id)
        return self.process(await self.mediator.execute_async(command))
