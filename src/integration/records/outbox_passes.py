"""Going through the queue of writes, by whichever process holds its lease."""

import asyncio
import logging

from application.kernel.lease_keeper import HeldLease, holding
from application.kernel.leases import Leases
from application.kernel.request_context import RequestContext, acting_as, current_request
from application.records.records_outbox import QueuedState
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from integration.records.outbox_delivery import OutboxDelivery
from integration.records.outbox_documents import Document
from integration.records.outbox_store import OutboxStore

LEASE, LEASE_SECONDS = "records-outbox", 10.0
log = logging.getLogger("labkeeper.records")


class OutboxPasses:
    """Sends one write after the other, all of them in the order in which they were queued.

    What stands in somebody's way stops as little as possible: without a login that person's writes wait, and a
    conflict lets all go on but what concerns the same records. An outage stops everything for a while.
    """

    def __init__(self, store: OutboxStore, delivery: OutboxDelivery, leases: Leases) -> None:
        self._store = store
        self._delivery = delivery
        self._leases = leases

    async def send_all_async(self) -> None:
        """Send what can be sent, unless somebody else is sending.

        Raises:
            UnavailableError: the system of record, or the queue, gives no answer.
        """
        async with holding(self._leases, LEASE, LEASE_SECONDS) as lease:
            if lease is not None:
                await self._pass_async(lease)

    async def had_turn_async(self, username: str, write_id: str) -> bool:
        """Send somebody's writes up to one of them, unless somebody else is sending."""
        async with holding(self._leases, LEASE, LEASE_SECONDS) as lease:
            if lease is not None:
                try:
                    await self._pass_async(lease, username, write_id)
                except UnavailableError as error:
                    log.info("queued write %s waits: %s", write_id, error)
                return True
        await asyncio.sleep(0.02)
        return False

    async def _pass_async(self, lease: HeldLease, username: str | None = None, asked: str | None = None) -> None:
        """Send what can be sent; all of it, or somebody's up to the write that they are waiting for.

        Raises:
            UnavailableError: the system of record, or the queue, gives no answer.
            As ``RecordsOutbox.send_now_async``, about the write that is asked for.
        """
        lanes: set[tuple[str, str]] = set()
        records: set[tuple[str, int]] = set()
        for brief in await self._store.unsettled_async(username):
            if lease.lost.is_set():
                return
            who = brief["username"]
            own_lanes = {(who, lane) for lane in brief["lanes"]}
            own_records = {(who, one) for one in brief["records"]}
            if brief["state"] == QueuedState.CONFLICT or own_records & records or own_lanes & lanes:
                records |= own_records
            else:
                document = await self._store.find_async(brief["_id"])
                if document is None or not await self._sent_async(document, is_kept=brief["_id"] != asked):
                    lanes |= own_lanes
                elif (await self._store.find_async(brief["_id"]) or {}).get("state") == QueuedState.CONFLICT:
                    records |= own_records
            if brief["_id"] == asked:
                return

    async def _sent_async(self, document: Document, *, is_kept: bool) -> bool:
        """Send a write on its writer's behalf; False when they have to log in first."""
        asking = current_request()
        signed_in = asking.signed_in if asking.actor == document["username"] else None
        request = RequestContext(
            actor=document["username"],
            correlation_id=document["correlation"],
            command_id=f"outbox-{document['_id']}-{document['attempts']}",
            signed_in=signed_in,
        )
        try:
            with acting_as(request):
                await self._delivery.send_async(document, is_kept=is_kept)
        except NoUpstreamTokenError:
            return False
        for name, position in request.positions.items():
            asking.wrote(name, position)
        return True
