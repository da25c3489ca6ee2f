"""What was said while a pipeline was designed."""

from domain.records.kinds.fields import items, reference
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class PipelineChatHistory(TypedRecord):
    """A conversation. ``messages`` are objects with role and content, oldest first."""

    definition_id = reference(required=True)
    messages = items()


PIPELINE_CHAT_HISTORY = Kind(
    name="pipeline-chat-history", experiment="pipeline", type="pipeline_chat_history", view=PipelineChatHistory
)
