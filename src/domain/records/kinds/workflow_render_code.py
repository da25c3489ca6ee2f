"""Code that draws a workflow in a browser."""

from domain.records.kinds.fields import reference, text, whole
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class WorkflowRenderCode(TypedRecord):
    """Code, never run here: whoever runs it treats it as untrusted."""

    definition_id = reference(required=True)
    component_code = text(most=1_000_000)
    version = whole(default=1)


WORKFLOW_RENDER_CODE = Kind(
    name="workflow-render-code", experiment="workflow", type="workflow_render_code", view=WorkflowRenderCode
)
