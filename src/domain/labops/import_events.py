"""The facts about imports of files. The rows themselves are facts about specimens."""

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@domain_event("labops.import-ended.v1")
class ImportEndedDomainEvent(RecordedDomainEvent):
    """An import came to its end; ``aggregate_id`` is the import's id.

    Attributes:
        outcome: ``completed``, ``failed`` or ``cancelled``; what was taken before the end stays taken.
        file_name: as the sender named it.
        sha256: of the file as it was sent, in hex.
        rows_read, rows_applied, rows_unchanged, rows_rejected: the first is the sum of the others.
    """

    outcome: str
    file_name: str
    sha256: str
    rows_read: int
    rows_applied: int
    rows_unchanged: int
    rows_rejected: int


IMPORT_EVENTS: tuple[type[RecordedDomainEvent], ...] = (ImportEndedDomainEvent,)
