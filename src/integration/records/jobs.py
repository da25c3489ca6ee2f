"""The refresh job of the cache: every scope that somebody has read lately, on behalf of somebody who may see it."""

import asyncio
import time
from datetime import timedelta

import structlog

from application.contracts.memberships import MembershipDirectory, UpstreamTokens
from application.kernel.jobs import LabkeeperJob, RunOutcome, RunPart, RunRecorder
from domain.kernel.clock import Clock
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from domain.records.errors import RecordsRefusedError, ScopeNotFoundError
from integration.records.scope_ledger import ScopeEntry, ScopeLedger
from integration.records.scope_refresh import Fetched, ScopeRefresh
from integration.records.whose_login import WhoseLogin
from settings import RecordsSettings

log = structlog.get_logger(__name__)

ACTIVE_FOR = timedelta(days=1)
"""A scope that nobody has read for longer is left alone until somebody does."""
AT_ONCE = 4
MOST_ITEMS = 200
_NOT_THEIRS = (NoUpstreamTokenError, ScopeNotFoundError, RecordsRefusedError)


class RecordsRefreshJob(LabkeeperJob):
    """Keeps the cache warm, and notices what changed or vanished in the system of record."""

    task_id = "records-refresh"
    description = "Fetch the scopes of records that are being read from the system of record"

    def __init__(
        self,
        ledger: ScopeLedger,
        refresh: ScopeRefresh,
        tokens: UpstreamTokens,
        memberships: MembershipDirectory,
        clock: Clock,
        settings: RecordsSettings,
    ) -> None:
        self._ledger = ledger
        self._refresh = refresh
        self._tokens = tokens
        self._memberships = memberships
        self._clock = clock
        self.interval_seconds = settings.refresh_interval_seconds
        self.jitter_seconds = min(30.0, settings.refresh_interval_seconds * 0.02)
        self.deadline_seconds = max(3600.0, settings.refresh_interval_seconds)

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        del trigger
        entries = await self._ledger.read_since_async(self._clock.now() - ACTIVE_FOR)
        await recorder.expect_async(len(entries))
        logins = await WhoseLogin.of_async(self._tokens, self._memberships)
        at_once = asyncio.Semaphore(AT_ONCE)

        async def refresh(entry: ScopeEntry) -> None:
            async with at_once:
                part = await self._part_async(entry, logins)
            await recorder.part_async(part)

        results = await asyncio.gather(*(refresh(entry) for entry in entries), return_exceptions=True)
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, Exception):
                log.error("scope_refresh_failed", scope=entry.key, exc_info=result)
                why = f"unexpected {type(result).__name__}"
                await recorder.part_async(RunPart(entry.key, RunOutcome.FAILED, error=why))
            elif isinstance(result, BaseException):
                raise result

    async def _part_async(self, entry: ScopeEntry, logins: WhoseLogin) -> RunPart:
        began = time.monotonic()
        part = RunPart(entry.key, RunOutcome.FAILED, error="nobody who may see it has a login that can be used")
        try:
            async for username in logins.who_may_see_async(entry):
                try:
                    part = _part_of(await self._refresh.refresh_async(username, entry.key))
                    break
                except _NOT_THEIRS as error:
                    part.error = str(error)
        except UnavailableError as error:
            part = RunPart(entry.key, RunOutcome.FAILED, error=str(error))
        part.duration_ms = round((time.monotonic() - began) * 1000)
        return part


def _part_of(fetched: Fetched) -> RunPart:
    part = RunPart(fetched.entry.key, RunOutcome.SUCCEEDED)
    taken = fetched.taken
    if taken is None:
        return part
    part.counts = {
        "records_listed": taken.listed,
        "records_created": len(taken.created),
        "records_changed": len(taken.changed),
        "records_removed": len(taken.removed),
        "records_held": len(taken.held),
    }
    for change, ids in (("created", taken.created), ("changed", taken.changed), ("removed", taken.removed)):
        part.items += [{"id": one, "change": change} for one in ids[:MOST_ITEMS]]
    if taken.held:
        part.outcome = RunOutcome.PARTIAL
        part.error = f"{len(taken.held)} records are not listed any more; waiting for a second listing that says so"
    return part
