"""Which scope somebody means."""

from application.contracts.labs_context import NOTHING_ASKED, AskedContext, LabsContexts
from domain.records.conditions import RecordFilter
from domain.records.values import NO_SCOPE, RecordScope


class Scopes:
    """Finds the scope of a list: what is named, else where whoever asks works."""

    def __init__(self, contexts: LabsContexts) -> None:
        self._contexts = contexts

    async def meant_async(self, asked: AskedContext, wanted: RecordFilter) -> RecordScope:
        """Return the scope that is meant. Who asks for public records and names no scope means those of everybody.

        Raises:
            ContextNotFoundError: what is named is not theirs, or not there.
        """
        if asked == NOTHING_ASKED and any(one.field == "public" and one.value is True for one in wanted.conditions):
            return NO_SCOPE
        context = await self._contexts.current_async(asked)
        return RecordScope(context.opportunity_id, context.program_id, context.organization_id)
