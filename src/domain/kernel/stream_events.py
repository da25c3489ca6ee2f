"""Facts about streams themselves, the same in every context."""

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@domain_event("kernel.stream-deleted.v1")
class StreamDeletedDomainEvent(RecordedDomainEvent):
    """The events of the stream before this one were erased for good (right to be forgotten)."""


KERNEL_EVENTS: tuple[type[RecordedDomainEvent], ...] = (StreamDeletedDomainEvent,)
"""Events that may stand in any log."""
