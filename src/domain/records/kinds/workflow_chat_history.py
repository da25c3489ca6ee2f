"""What was said while a workflow was designed."""

from domain.records.kinds.fields import items, reference
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class WorkflowChatHistory(TypedRecord):
    """A conversation. ``messages`` are objects with role and content, oldest first."""

    definition_id = reference(required=True)
    messages = items()


WORKFLOW_CHAT_HISTORY = Kind(
    name="workflow-chat-history", experiment="workflow", type="workflow_chat_history", view=WorkflowChatHistory
)
