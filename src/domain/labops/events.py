"""Every fact that may stand in the labops log."""

from domain.kernel.domain_event import RecordedDomainEvent
from domain.labops.alert_events import ALERT_EVENTS
from domain.labops.import_events import IMPORT_EVENTS
from domain.labops.quality_events import QUALITY_EVENTS
from domain.labops.sla_events import SLA_EVENTS
from domain.labops.specimen_events import SPECIMEN_EVENTS

LABOPS_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    *ALERT_EVENTS,
    *SPECIMEN_EVENTS,
    *SLA_EVENTS,
    *IMPORT_EVENTS,
    *QUALITY_EVENTS,
)
