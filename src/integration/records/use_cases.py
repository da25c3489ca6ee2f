"""The use cases of the records context and what they share."""

from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from application.kernel.handlers import register_handlers
from application.records.changing import RecordChanges
from application.records.kind_writing import KindWriting
from application.records.record_refusals import RecordsRefusingBehavior
from application.records.scopes import Scopes
from application.records.task_changes import TaskChanges


def register_use_cases(services: ServiceCollection, writing: KindWriting | None = None) -> None:
    """Register them.

    Expects ``Chatbots``, ``Clock``, ``CredentialStore``, ``LabsContexts``, ``LabsRecordRepository``,
    ``MembershipDirectory``, ``Opportunities`` and ``RecordHistories`` among the services.
    """
    services.add_singleton(KindWriting, singleton=writing or KindWriting())
    services.add_singleton(PipelineBehavior, RecordsRefusingBehavior)
    services.add_singleton(RecordChanges)
    services.add_singleton(TaskChanges)
    services.add_singleton(Scopes)
    register_handlers(services, "application.records")
