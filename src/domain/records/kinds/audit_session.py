"""Audits of visits: who looked at which images, and what came of it."""

from domain.records.kinds.fields import choice, identity, items, mapping, text, whole
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class AuditSession(TypedRecord):
    """One audit. Its parent, if any, is the workflow run that it came from."""

    title = text(most=1_000)
    tag = text(most=255)
    status = choice("in_progress", "completed", default="in_progress")
    overall_result = choice("pass", "fail")
    notes = text()
    kpi_notes = text()
    visit_ids = items()
    visit_results = mapping()
    visit_images = mapping()
    image_count = whole()
    related_fields = items()
    criteria = mapping()
    description = text()
    opportunity_id = identity()
    opportunity_name = text(most=1_000)


AUDIT_SESSION = Kind(name="audit-session", experiment="audit", type="AuditSession", view=AuditSession)
