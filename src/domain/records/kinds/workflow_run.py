"""Workflows that are, or were, gone through."""

from domain.records.kinds.fields import choice, mapping, optional_text, reference
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class WorkflowRun(TypedRecord):
    """One run of a definition, for a period of days."""

    definition_id = reference(required=True)
    period_start = optional_text(most=64)
    period_end = optional_text(most=64)
    status = choice("in_progress", "completed", default="in_progress")
    state = mapping()
    created_at = optional_text(most=64)
    snapshot = mapping()


WORKFLOW_RUN = Kind(name="workflow-run", experiment="workflow", type="workflow_run", view=WorkflowRun)
