"""What is shown of specimens."""

from dataclasses import dataclass
from datetime import datetime

from domain.labops.specimen import Specimen


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenView:
    """A specimen in its newest state.

    Attributes:
        status: RECEIVED, IN_PROCESS, COMPLETED or ERROR.
        error_code: None unless it failed and the code is known.
        received_at, started_at, processed_at: aware UTC; None when not known.
        version: number of facts about it so far.
    """

    specimen_id: str
    assay: str
    machine_id: str
    operator_id: str
    status: str
    error_code: str | None
    received_at: datetime
    started_at: datetime | None
    processed_at: datetime | None
    version: int


def specimen_view(specimen: Specimen) -> SpecimenView:
    """Return what is shown of a stored specimen."""
    state = specimen.state
    return SpecimenView(
        specimen_id=state.id,
        assay=state.assay,
        machine_id=state.machine_id,
        operator_id=state.operator_id,
        status=state.status.value,
        error_code=state.error_code,
        received_at=state.received_at,
        started_at=state.started_at,
        processed_at=state.processed_at,
        version=state.state_version,
    )
