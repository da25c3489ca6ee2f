"""Specimen: received, worked on by a machine, then completed or failed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.errors import ContradictoryReadingError, ImpossibleTransitionError
from domain.labops.specimen_events import (
    SpecimenCompletedDomainEvent,
    SpecimenDomainEvent,
    SpecimenFailedDomainEvent,
    SpecimenReceivedDomainEvent,
    SpecimenResultAmendedDomainEvent,
    SpecimenStartedDomainEvent,
)
from domain.labops.values import SpecimenReading, SpecimenStatus

_ORDER = (SpecimenStatus.RECEIVED, SpecimenStatus.IN_PROCESS, SpecimenStatus.COMPLETED)


class SpecimenState(RememberedState):
    """The remembered specimen: the fields of its last fact, and where it stands.

    Times are aware UTC. ``started_at``, ``processed_at`` and ``error_code`` are None when not known, as for what has
    not happened yet.
    """

    status: SpecimenStatus
    assay: str
    machine_id: str
    operator_id: str
    received_at: datetime
    started_at: datetime | None
    processed_at: datetime | None
    error_code: str | None

    @reduces(SpecimenReceivedDomainEvent)
    def _received(self, event: SpecimenReceivedDomainEvent) -> None:
        self._know(event, SpecimenStatus.RECEIVED)

    @reduces(SpecimenStartedDomainEvent)
    def _started(self, event: SpecimenStartedDomainEvent) -> None:
        self._know(event, SpecimenStatus.IN_PROCESS)

    @reduces(SpecimenCompletedDomainEvent)
    def _completed(self, event: SpecimenCompletedDomainEvent) -> None:
        self._know(event, SpecimenStatus.COMPLETED)

    @reduces(SpecimenFailedDomainEvent)
    def _failed(self, event: SpecimenFailedDomainEvent) -> None:
        self._know(event, SpecimenStatus.ERROR)

    @reduces(SpecimenResultAmendedDomainEvent)
    def _amended(self, event: SpecimenResultAmendedDomainEvent) -> None:
        self._know(event, SpecimenStatus(event.status))

    def _know(self, event: SpecimenDomainEvent, status: SpecimenStatus) -> None:
        self.status = status
        self.assay = event.assay
        self.machine_id = event.machine_id
        self.operator_id = event.operator_id
        self.received_at = event.received_at
        self.started_at = event.started_at
        self.processed_at = event.processed_at
        self.error_code = event.error_code


class Specimen(Aggregate[SpecimenState]):
    """One specimen. Its id is the laboratory's own, so the same one is never kept twice."""

    @classmethod
    def receive(cls, reading: SpecimenReading, at: datetime) -> "Specimen":
        """Take a specimen in, in whatever state the source says it is."""
        specimen = cls()
        specimen.record(
            SpecimenReceivedDomainEvent(
                aggregate_id=reading.specimen_id,
                created_at=at,
                assay=reading.assay,
                machine_id=reading.machine_id,
                operator_id=reading.operator_id,
                received_at=reading.received_at,
            )
        )
        if reading.status is not SpecimenStatus.RECEIVED:
            specimen._move(reading, at)
        return specimen

    def start(self, *, machine_id: str | None, operator_id: str | None, started_at: datetime, at: datetime) -> None:
        """A machine begins to work on it; None leaves machine or operator as they are.

        Raises:
            ImpossibleTransitionError: it is not waiting.
            InvalidSpecimenError: the time is before its reception, or a name breaks a rule.
        """
        if self.state.status is not SpecimenStatus.RECEIVED:
            raise ImpossibleTransitionError(self.state.id, self.state.status, SpecimenStatus.IN_PROCESS)
        self._move(
            self._reading(
                SpecimenStatus.IN_PROCESS, machine_id=machine_id, operator_id=operator_id, started_at=started_at
            ),
            at,
        )

    def complete(self, *, processed_at: datetime, at: datetime) -> None:
        """It has a result.

        Raises:
            ImpossibleTransitionError: no machine works on it.
            InvalidSpecimenError: the time is before its reception or its start.
        """
        self._end(SpecimenStatus.COMPLETED, at, processed_at=processed_at)

    def fail(self, *, error_code: str | None, processed_at: datetime | None, at: datetime) -> None:
        """The machine gave an error.

        Raises:
            As ``complete``.
        """
        self._end(SpecimenStatus.ERROR, at, processed_at=processed_at, error_code=error_code)

    def take(self, reading: SpecimenReading, at: datetime) -> bool:
        """Take what a source says about this specimen; False when it says nothing new.

        It moves the specimen on when it stands further along, or has a later processed time. What is equal or older
        changes nothing.

        Raises:
            ContradictoryReadingError: it cannot be true beside what is known.
        """
        known = self.state
        for field in ("assay", "received_at"):
            said = getattr(reading, field)
            if said != getattr(known, field):
                raise ContradictoryReadingError(
                    field, _told(said), f"is {_told(getattr(known, field))} in what is known of {known.id}"
                )
        if known.status.ended:
            return self._take_later_result(reading, at)
        if reading.status is known.status:
            self._hold_against(reading, ("machine_id", "operator_id", "started_at"))
            return False
        if _is_further(reading.status, known.status):
            self._move(self._completed_reading(reading), at)
            return True
        return False

    def _take_later_result(self, reading: SpecimenReading, at: datetime) -> bool:
        known = self.state
        if not reading.status.ended:
            return False
        later, before = reading.processed_at, known.processed_at
        if later is not None and (before is None or later > before):
            if before is None and reading.status is not known.status and reading.status is SpecimenStatus.ERROR:
                raise ContradictoryReadingError("status", reading.status, f"{known.id} is {known.status}")
            reading = self._completed_reading(reading)
            self.record(
                SpecimenResultAmendedDomainEvent(status=reading.status.value, **_facts_of(reading), created_at=at)
            )
            return True
        if later is not None and before is not None and later < before:
            return False
        fields = ("status", "error_code", "machine_id", "operator_id", "started_at")
        self._hold_against(reading, fields, " at the same time")
        return False

    def _hold_against(self, reading: SpecimenReading, fields: Sequence[str], when: str = "") -> None:
        """Refuse a reading that says something else in a field; what it leaves out is no contradiction."""
        known = self.state
        for field in fields:
            said, before = getattr(reading, field), getattr(known, field)
            if said is None or said == before or (before is None and field == "started_at"):
                continue
            why = f"is {_told(before)} in what is known of {known.id}{when}"
            raise ContradictoryReadingError(field, _told(said), why)

    def _end(
        self, status: SpecimenStatus, at: datetime, *, processed_at: datetime | None, error_code: str | None = None
    ) -> None:
        if self.state.status is not SpecimenStatus.IN_PROCESS:
            raise ImpossibleTransitionError(self.state.id, self.state.status, status)
        self._move(self._reading(status, processed_at=processed_at, error_code=error_code), at)

    def _move(self, reading: SpecimenReading, at: datetime) -> None:
        event_class = _EVENT_OF[reading.status]
        self.record(event_class(**_facts_of(reading), created_at=at))

    def _reading(
        self,
        status: SpecimenStatus,
        *,
        machine_id: str | None = None,
        operator_id: str | None = None,
        started_at: datetime | None = None,
        processed_at: datetime | None = None,
        error_code: str | None = None,
    ) -> SpecimenReading:
        known = self.state
        return SpecimenReading(
            specimen_id=known.id,
            assay=known.assay,
            machine_id=known.machine_id if machine_id is None else machine_id,
            operator_id=known.operator_id if operator_id is None else operator_id,
            status=status,
            received_at=known.received_at,
            started_at=started_at or known.started_at,
            processed_at=processed_at,
            error_code=error_code,
        )

    def _completed_reading(self, reading: SpecimenReading) -> SpecimenReading:
        """Return the reading with the start that is known where it says none."""
        if reading.started_at is not None or self.state.started_at is None:
            return reading
        if reading.processed_at is not None and reading.processed_at < self.state.started_at:
            why = f"is before {_told(self.state.started_at)}, when work on {self.state.id} began"
            raise ContradictoryReadingError("processed_at", _told(reading.processed_at), why)
        return replace(reading, started_at=self.state.started_at)


_EVENT_OF: dict[SpecimenStatus, type[SpecimenDomainEvent]] = {
    SpecimenStatus.IN_PROCESS: SpecimenStartedDomainEvent,
    SpecimenStatus.COMPLETED: SpecimenCompletedDomainEvent,
    SpecimenStatus.ERROR: SpecimenFailedDomainEvent,
}


def _is_further(status: SpecimenStatus, than: SpecimenStatus) -> bool:
    return status.ended or _ORDER.index(status) > _ORDER.index(than)


def _told(value: str | datetime | None) -> str:
    if value is None:
        return "none"
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _facts_of(reading: SpecimenReading) -> dict[str, Any]:
    return {
        "aggregate_id": reading.specimen_id,
        "assay": reading.assay,
        "machine_id": reading.machine_id,
        "operator_id": reading.operator_id,
        "received_at": reading.received_at,
        "started_at": reading.started_at,
        "processed_at": reading.processed_at,
        "error_code": reading.error_code,
    }
