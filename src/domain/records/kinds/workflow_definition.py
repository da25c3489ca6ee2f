"""Workflows as they were designed."""

from domain.records.kinds.fields import flag, items, mapping, optional_text, text, whole
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class WorkflowDefinition(TypedRecord):
    """A design. ``statuses`` are objects with id, label and color, ``pipeline_sources`` with pipeline_id and alias."""

    name = text(most=1_000, required=True)
    description = text()
    version = whole(default=1)
    statuses = items()
    config = mapping()
    pipeline_sources = items()
    is_shared = flag()
    shared_scope = optional_text(most=50)


WORKFLOW_DEFINITION = Kind(
    name="workflow-definition", experiment="workflow", type="workflow_definition", view=WorkflowDefinition
)
