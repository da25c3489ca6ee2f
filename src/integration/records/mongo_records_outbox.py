"""The outbox of the cached store: kept in MongoDB."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from neuroglia.hosting.abstractions import HostedService

from application.contracts.memberships import MembershipDirectory
from application.contracts.presented_logins import PresentedLogins
from application.kernel.leases import Leases
from application.kernel.request_context import current_request
from application.kernel.sign_in import SignedIn
from application.records.records_outbox import (
    Keep,
    NothingToResolveError,
    OutboxFullError,
    QueuedState,
    QueuedWrite,
    RecordsOutbox,
)
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.records.record_batches import check_scopes
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem
from integration.mongo.runs.time_ordered_ids import TimeOrderedIds
from integration.records.outbox_delivery import OutboxDelivery
from integration.records.outbox_documents import write_of
from integration.records.outbox_passes import OutboxPasses
from integration.records.outbox_resolution import written_over
from integration.records.outbox_store import OutboxStore

MOST_WAITING = 1_000
"""Of one person."""
POLL_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
TURN_SECONDS = 1.0
"""So long a request waits for its turn to send; then its write is left to the sender."""
log = logging.getLogger("labkeeper.records")


class MongoRecordsOutbox(RecordsOutbox, HostedService):
    """Takes writes, says how far they are, and has them sent: at once, every few seconds, and when a login comes."""

    def __init__(
        self,
        store: OutboxStore,
        delivery: OutboxDelivery,
        memberships: MembershipDirectory,
        leases: Leases,
        clock: Clock,
        logins: PresentedLogins | None = None,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._store = store
        self._passes = OutboxPasses(store, delivery, leases)
        self._memberships = memberships
        self._clock = clock
        self._logins = logins
        self._ids = TimeOrderedIds(clock)
        self._poll_seconds = poll_seconds
        self._kicked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start_async(self) -> None:
        await self._store.prepare_async()
        if self._logins is not None:
            self._logins.listen(self._came_async)
        self._kicked.set()  # what waited while nothing ran waits no longer
        self._task = asyncio.create_task(self._send_for_ever(), name="records-outbox")

    async def stop_async(self) -> None:
        """Stop between two steps; what was under way is settled when somebody starts again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def put_async(
        self,
        username: str,
        items: Sequence[RecordItem] = (),
        *,
        removals: Sequence[int] = (),
        expected: LabsRecord | None = None,
        action: str = "",
        builds_on_queued: bool = False,
    ) -> QueuedWrite:
        check_batch(items)
        check_scopes(items, (await self._memberships.of_async(username)).include)
        if await self._store.count_unsettled_async(username) >= MOST_WAITING:
            raise OutboxFullError(MOST_WAITING)
        write = QueuedWrite(
            id=self._ids.next(),
            username=username,
            items=tuple(items),
            removals=tuple(removals),
            expected=expected,
            action=action,
            builds_on_queued=builds_on_queued,
            queued_at=self._clock.now(),
        )
        await self._store.put_async(write, current_request().correlation_id)
        return write

    async def send_now_async(self, write_id: str) -> QueuedWrite:
        document = await self._store.find_async(write_id)
        assert document is not None
        give_up_at = asyncio.get_running_loop().time() + TURN_SECONDS
        had_turn = False
        while not had_turn and asyncio.get_running_loop().time() < give_up_at:
            had_turn = await self._passes.had_turn_async(document["username"], write_id)
        if not had_turn:
            self._kicked.set()
        document = await self._store.find_async(write_id)
        if document is None:
            raise UnavailableError("the queue lost a write", 1.0)
        write = write_of(document)
        if write.state is not QueuedState.SENT:
            await self._keep_login_async()
        return write

    async def list_async(self, username: str | None, *, after: str | None = None, limit: int = 50) -> list[QueuedWrite]:
        return await self._store.list_async(username, after, limit)

    async def unsettled_async(self, username: str, record_id: int) -> list[QueuedWrite]:
        return await self._store.unsettled_of_async(username, record_id)

    async def get_async(self, write_id: str) -> QueuedWrite | None:
        document = await self._store.find_async(write_id)
        return write_of(document) if document is not None else None

    async def resolve_async(self, write_id: str, keep: Keep) -> QueuedWrite:
        write = await self.get_async(write_id)
        if write is None or write.state is not QueuedState.CONFLICT:
            raise NothingToResolveError(write_id)
        if keep is Keep.THEIRS:
            settled = await self._store.dropped_async(write_id)
        else:
            items, expected = written_over(write)
            settled = await self._store.again_async(write_id, items, expected)
        if not settled:
            raise NothingToResolveError(write_id)
        self._kicked.set()
        return await self.get_async(write_id) or write

    async def send_all_async(self) -> None:
        """Send what can be sent, unless somebody else is sending.

        Raises:
            UnavailableError: the system of record, or the queue, gives no answer.
        """
        await self._passes.send_all_async()

    async def _keep_login_async(self) -> None:
        """Keep the token that this request came with: what waits is sent when nobody asks any more."""
        signed_in = current_request().signed_in
        if self._logins is None or signed_in is None:
            return
        try:
            await self._logins.keep_async(signed_in)
        except UnavailableError as error:
            log.warning("the login of %s was not kept; their writes wait until they come again: %s",
                        signed_in.username, error)  # fmt: skip

    async def _came_async(self, login: SignedIn) -> None:
        """Send what waits for somebody who has just come with a good token."""
        if self._logins is not None and await self._store.count_unsettled_async(login.username):
            await self._logins.keep_async(login)
            self._kicked.set()

    async def _send_for_ever(self) -> None:
        pause = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._kicked.wait(), max(pause, self._poll_seconds))
            self._kicked.clear()
            try:
                await self.send_all_async()
                pause = 0.0
            except UnavailableError as error:
                pause = min(max(1.0, pause * 2), LONGEST_PAUSE_SECONDS)
                log.info("queued writes wait: %s", error)
            except Exception as error:  # process edge of the sender: it must outlive any one write
                pause = LONGEST_PAUSE_SECONDS
                log.exception("queued writes could not be sent", exc_info=error)
