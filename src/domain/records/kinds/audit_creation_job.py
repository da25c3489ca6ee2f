"""Audits that are being made in the background."""

from domain.records.kinds.fields import items, mapping, optional_text, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class AuditCreationJob(TypedRecord):
    """A job. ``progress`` holds current_stage, total_stages, stage_name, message, processed and total."""

    task_id = text(most=255)
    title = text(most=1_000)
    status = text(most=50)
    criteria = mapping()
    opportunities = items()
    progress = mapping()
    result = mapping()
    error = optional_text()
    created_at = optional_text(most=64)
    updated_at = optional_text(most=64)


AUDIT_CREATION_JOB = Kind(name="audit-creation-job", experiment="audit", type="AuditCreationJob", view=AuditCreationJob)
