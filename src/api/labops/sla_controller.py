"""``/sla-limits``: how long a result may take."""

from classy_fastapi import get, put
from fastapi import Request, Response
from neuroglia.core import OperationResult
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.read_your_writes import ReadYourWrites
from api.labops.sla_schemas import SlaLimitsAnswer, SlaLimitsBody
from application.labops.sla.change_sla_limits import ChangeSlaLimitsCommand
from application.labops.sla.get_sla_limits import GetSlaLimitsQuery
from application.labops.sla.views import SlaLimitsView


class SlaLimitsController(LabkeeperController):
    """Says how long a result may take, and changes that."""

    route_prefix = "/sla-limits"

    def __init__(self, mediator: Mediator, reading: ReadYourWrites) -> None:
        super().__init__(mediator)
        self._reading = reading

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("", response_model=SlaLimitsAnswer)
    async def get_sla_limits(self, request: Request) -> Response:
        """Get the limits in hours. Four hours for all until somebody says otherwise."""
        result = await self.mediator.execute_async(GetSlaLimitsQuery())
        if result.status == 200:
            unchanged = not_modified(request, version_tag(data_of(result).version))
            if unchanged is not None:
                return unchanged
        return self._limits(result)

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @put("", response_model=SlaLimitsAnswer)
    async def put_sla_limits(self, request: Request, body: SlaLimitsBody) -> Response:
        """Put limits in place of all that hold now. They count for everything that is measured from then on.

        With `If-Match` only if nobody else changed them meanwhile. Assays may be named that nothing has come in of.
        """
        command = ChangeSlaLimitsCommand(
            default_hours=body.default_hours, by_assay=body.by_assay, expected_version=expected_version(request)
        )
        result = await self.mediator.execute_async(command)
        await self._reading.after_writing_async("labops", "specimen_table")
        return self._limits(result)

    def _limits(self, result: OperationResult[SlaLimitsView]) -> Response:
        if result.status != 200:
            return self.process(result)
        view = data_of(result)
        answer = SlaLimitsAnswer.model_validate(view)
        return self.answer(200, answer, {"ETag": version_tag(view.version)})
