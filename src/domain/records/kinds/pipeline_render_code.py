"""Code that draws a pipeline in a browser."""

from domain.records.kinds.fields import reference, text, whole
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class PipelineRenderCode(TypedRecord):
    """Code, never run here: whoever runs it treats it as untrusted."""

    definition_id = reference(required=True)
    component_code = text(most=1_000_000)
    version = whole(default=1)


PIPELINE_RENDER_CODE = Kind(
    name="pipeline-render-code", experiment="pipeline", type="pipeline_render_code", view=PipelineRenderCode
)
