"""The use cases of the records context and what they share."""

from collections.abc import Callable

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from application.kernel.handlers import register_handlers
from application.records.changing import RecordChanges
from application.records.kind_writing import KindWriting
from application.records.record_refusals import RecordsRefusingBehavior
from application.records.scopes import Scopes
from application.records.task_changes import TaskChanges
from application.records.writing import Outboxes, RecordWriting


def register_use_cases(
    services: ServiceCollection,
    writing: KindWriting | None = None,
    outboxes: Callable[[ServiceProviderBase], Outboxes] | None = None,
) -> None:
    """Register them.

    Expects ``Chatbots``, ``Clock``, ``CredentialStore``, ``LabsContexts``, ``LabsRecordRepository``,
    ``MembershipDirectory``, ``Opportunities`` and ``RecordHistories`` among the services.

    Args:
        outboxes: gives the outbox of the store that is in use; None where nothing is queued.
    """
    services.add_singleton(KindWriting, singleton=writing or KindWriting())
    services.add_singleton(PipelineBehavior, RecordsRefusingBehavior)
    services.add_singleton(Outboxes, implementation_factory=outboxes or (lambda _provider: Outboxes()))
    services.add_singleton(RecordWriting)
    services.add_singleton(RecordChanges)
    services.add_singleton(TaskChanges)
    services.add_singleton(Scopes)
    register_handlers(services, "application.records")
