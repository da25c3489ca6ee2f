"""LabAlert: an unexpected change, raised once per cause."""

from datetime import datetime

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labs.events import LabAlertRaisedDomainEvent


class LabAlertState(RememberedState):
    kind: str
    cause_event_id: str

    @reduces(LabAlertRaisedDomainEvent)
    def _raised(self, event: LabAlertRaisedDomainEvent) -> None:
        self.kind = event.kind
        self.cause_event_id = event.cause_event_id


class LabAlert(Aggregate[LabAlertState]):
    """Its id is made from the event that caused it, so one cause raises one alert."""

    @classmethod
    def raise_for(
        cls,
        *,
        kind: str,
        worker_id: str,
        record_id: str | None,
        summary: str,
        cause_event_id: str,
        details: dict[str, str | int],
        at: datetime,
    ) -> "LabAlert":
        """Raise an alert about the fact with the given event id."""
        alert = cls()
        alert.record(
            LabAlertRaisedDomainEvent(
                aggregate_id=f"{kind}.{cause_event_id}",
                created_at=at,
                kind=kind,
                worker_id=worker_id,
                record_id=record_id,
                summary=summary,
                cause_event_id=cause_event_id,
                details=details,
            )
        )
        return alert
