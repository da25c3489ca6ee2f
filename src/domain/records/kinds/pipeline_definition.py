"""Pipelines as they were designed."""

from domain.records.kinds.fields import flag, mapping, optional_text, reference, text, whole
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class PipelineDefinition(TypedRecord):
    """A design. ``schema`` says which fields are made from the visits."""

    name = text(most=1_000, required=True)
    description = text()
    version = whole(default=1)
    schema = mapping()
    is_shared = flag()
    shared_scope = optional_text(most=50)
    render_code_id = reference()


PIPELINE_DEFINITION = Kind(
    name="pipeline-definition", experiment="pipeline", type="pipeline_definition", view=PipelineDefinition
)
