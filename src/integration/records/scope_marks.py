"""How the read model stands: until it moves on, the same is found."""

from application.contracts.memberships import MembershipDirectory
from application.records.finding_again import ScopeMark, ScopeMarks
from domain.records.record_access import check_readable
from domain.records.values import NO_SCOPE, RecordScope
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.records.labs_records_projector import NAME
from integration.records.record_log import RecordLog
from integration.records.scope_refresh import ScopeRefresh


class ReadModelMarks(ScopeMarks):
    """Knows without asking the database, or does not know.

    Args:
        refresh: what keeps the scopes of a cache fresh; None where the read model is the truth.
    """

    def __init__(
        self,
        watch: ReadModelWatch,
        log: RecordLog,
        memberships: MembershipDirectory,
        refresh: ScopeRefresh | None = None,
    ) -> None:
        self._watch = watch
        self._log = log
        self._memberships = memberships
        self._refresh = refresh

    async def of_async(self, username: str, scope: RecordScope) -> ScopeMark | None:
        if scope != NO_SCOPE:
            check_readable(scope, (await self._memberships.of_async(username)).include)
        entry = None if self._refresh is None else await self._refresh.ensure_async(username, scope)
        model = self._watch.fresh(NAME)
        if model is None or model.position < self._log.written:
            return None
        where = (model.collection, model.position)
        if entry is None:
            return ScopeMark(where)
        return ScopeMark((*where, entry.fetched_at), entry.fetched_at, entry.stale_since)
