"""What start, complete and fail have in common: one specimen moves from where it stands."""

from collections.abc import Callable

from neuroglia.core import OperationResult

from application.kernel.refusals import missing, precondition_failed
from application.labops.specimens.views import SpecimenView, specimen_view
from domain.labops.repositories import SpecimenRepository
from domain.labops.specimen import Specimen


async def move_async(
    specimens: SpecimenRepository, specimen_id: str, expected_version: int | None, move: Callable[[Specimen], None]
) -> OperationResult[SpecimenView]:
    """Load a specimen, let it move, store what happened."""
    specimen = await specimens.get_async(specimen_id)
    if specimen is None:
        return missing("specimen", specimen_id)
    if expected_version not in (None, specimen.state.state_version):
        return precondition_failed(f"specimen {specimen_id} is in version {specimen.state.state_version}")
    move(specimen)
    await specimens.update_async(specimen)
    answer: OperationResult[SpecimenView] = OperationResult("OK", 200)
    answer.data = specimen_view(specimen)
    return answer
