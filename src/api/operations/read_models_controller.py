"""``/read-models``: how they stand, and rebuilding them."""

from dataclasses import asdict
from typing import Annotated

from classy_fastapi import get, post
from fastapi import Path, Response

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.kernel.runs import RunAnswer, run_answer, run_path
from api.operations.schemas import ReadModelAnswer, ReadModelsAnswer
from application.operations.list_read_models import ListReadModelsQuery
from application.operations.rebuild_read_model import RebuildReadModelCommand

Name = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$", description="Name of the read model.")]


class ReadModelsController(LabkeeperController):
    """Administers read models."""

    route_prefix = "/read-models"

    @requires(Role.ADMIN)
    @get("", response_model=ReadModelsAnswer)
    async def list_read_models(self) -> Response:
        """See how each read model stands."""
        result = await self.mediator.execute_async(ListReadModelsQuery())
        if not result.is_success:
            return self.process(result)
        return self.answer(200, ReadModelsAnswer(items=[ReadModelAnswer(**asdict(one)) for one in data_of(result)]))

    @requires(Role.ADMIN)
    @sends(202, "Location")
    @post("/{name}/rebuild", status_code=202, response_model=RunAnswer)
    async def rebuild_read_model(self, name: Name) -> Response:
        """Rebuild a read model beside the one that serves, then swap. The run tells when it is done.

        One that is `of_each_process` is rebuilt by all of them; the run tells of the process that was asked.
        """
        result = await self.mediator.execute_async(RebuildReadModelCommand(name=name))
        if result.status != 202:
            return self.process(result)
        run = data_of(result)
        return self.answer(202, run_answer(run), {"Location": run_path(run)})
