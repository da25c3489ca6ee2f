"""Brings together one listing of a controller's labs, and decides how far to believe it.

Two ways lead to the labs. ``populate_lab_tiles`` tells everything in one call, where it is offered. Otherwise
``labs?show_all=true`` tells the ids, and each lab takes a call of its own.

The contract leaves open whether the tiles show other people's labs, and clients of the official API report that they
may lag behind. ``labs?show_all=true`` is documented to show everybody's labs to an administrator, and everything that
the account may see to anybody else. So the tiles are believed as far as that call bears them out:

- The first listing of a worker, and then one every few hours, is compared with the ids. Labs that only the ids name
  are asked for one by one and belong to the listing.
- In between one call is enough as long as it still names every lab of the last complete listing: nothing is absent,
  so nothing can be concluded from absence. When one is absent, the controller must say that it is ready, and the ids
  must confirm the absence.
- A comparison that fails leaves a listing that can add and change labs, but is not complete.

A listing with a lab that could not be read, or with an id twice, is not complete either.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from application.labs.ports import ControllerError, ControllerRefusedError, LabFailure, LabListing
from domain.kernel.clock import Clock
from integration.http.single_call import UpstreamResponse
from integration.labs.cml_clues import shown
from integration.labs.cml_lab_parser import CmlLabParser, LabReading, is_lab_id
from integration.labs.cml_session import CmlSession, CmlVisit, decoded, raise_for_status
from integration.labs.remembered_tiles import MAX_REMEMBERED_BYTES, RememberedTiles, digest_of

TILES_ASKED_AGAIN_SECONDS = 3600.0
COMPARED_AGAIN_SECONDS = 4 * 3600.0
_LAB_ONLY_CAUSES = ("timed_out", "invalid_answer")


@dataclass(slots=True)
class ListingMemory:
    """What is remembered about a worker between two listings.

    Attributes:
        tiles_missing_until: until then ``populate_lab_tiles`` is known not to be offered.
        compared_until: until then the tiles need no comparison as long as nothing is absent.
        believed_ids: of the last complete listing.
        tiles: the last answer of the tiles; None to remember none.
    """

    tiles_missing_until: float = float("-inf")
    compared_until: float = float("-inf")
    believed_ids: frozenset[str] = frozenset()
    tiles: RememberedTiles | None = field(default_factory=RememberedTiles)


class CmlListing:
    """One listing under way.

    Args:
        details_at_once: shared by all listings, bounds the calls for single labs.
    """

    def __init__(
        self,
        session: CmlSession,
        memory: ListingMemory,
        parser: CmlLabParser,
        clock: Clock,
        *,
        details_at_once: asyncio.Semaphore,
        detail_tasks: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._visit: CmlVisit = session.visit()
        self._memory = memory
        self._parser = parser
        self._clock = clock
        self._details_at_once = details_at_once
        self._detail_tasks = detail_tasks
        self._monotonic = monotonic

    async def list_async(self) -> LabListing:
        """Return the labs.

        Raises:
            ControllerError: there is no listing.
        """
        response = await self._tiles_async()
        if response is None:
            return self._concluded(await self._one_by_one_async())
        return await self._from_tiles_async(response)

    async def _tiles_async(self) -> UpstreamResponse | None:
        """Return the answer with the tiles; None when the controller does not offer them."""
        if self._monotonic() < self._memory.tiles_missing_until:
            return None
        response = await self._visit.get_async("/populate_lab_tiles")
        if _is_not_offered(response):
            self._memory.tiles_missing_until = self._monotonic() + TILES_ASKED_AGAIN_SECONDS
            return None
        raise_for_status(response)
        return response

    def _repeated(self, before: RememberedTiles, digest: bytes) -> LabListing | None:
        """Return the last listing if the controller says the same again and no comparison is due."""
        if before.answer != digest or self._monotonic() >= self._memory.compared_until:
            return None
        return before.listing if before.believed_ids is self._memory.believed_ids else None

    async def _from_tiles_async(self, response: UpstreamResponse) -> LabListing:
        tiles = self._memory.tiles if len(response.body) <= MAX_REMEMBERED_BYTES else None
        digest = b"" if tiles is None else digest_of(response.body)
        if tiles is not None:
            if (repeated := self._repeated(tiles, digest)) is not None:
                return repeated
            tiles.listing = None
        reading = self._parser.read_tiles(decoded(response), self._clock.now(), tiles)
        if reading is None:
            raise ControllerRefusedError(response.url, "invalid_answer", "the answer is no list of labs")
        told = len(reading.labs)
        await self._compare_async(reading)
        listing = self._concluded(reading)
        if tiles is not None and listing.complete and len(listing.labs) == told:
            tiles.answer, tiles.listing, tiles.believed_ids = digest, listing, self._memory.believed_ids
        return listing

    async def _compare_async(self, reading: LabReading) -> None:
        is_absent = not self._memory.believed_ids <= reading.seen_ids()
        if not is_absent and self._monotonic() < self._memory.compared_until:
            return
        if is_absent:
            await self._session.check_ready_async()
        try:
            ids = await self._ids_async(reading)
            await self._details_async(reading, [lab_id for lab_id in ids if lab_id not in reading.seen_ids()])
        except ControllerError as error:
            reading.doubts.append(f"the labs could not be compared with the ids: {error}")
            return
        self._memory.compared_until = self._monotonic() + COMPARED_AGAIN_SECONDS

    async def _one_by_one_async(self) -> LabReading:
        reading = LabReading()
        ids = await self._ids_async(reading)
        if not self._memory.believed_ids <= set(ids):
            await self._session.check_ready_async()
        await self._details_async(reading, ids)
        return reading

    async def _ids_async(self, reading: LabReading) -> list[str]:
        """Return the ids that the account sees, each once; the unusable ones become failures of the reading."""
        response = await self._visit.get_async("/labs", {"show_all": "true"})
        raise_for_status(response)
        ids = decoded(response)
        if not isinstance(ids, list):
            raise ControllerRefusedError(response.url, "invalid_answer", "the answer is no list of lab ids")
        if ids and not any(isinstance(lab_id, str) for lab_id in ids):
            raise ControllerRefusedError(response.url, "invalid_answer", "the answer lists something else than lab ids")
        good = [lab_id for lab_id in ids if is_lab_id(lab_id)]
        if len(good) != len(ids):
            bad = (lab_id for lab_id in ids if not is_lab_id(lab_id))
            reading.failures.extend(LabFailure(None, f"id is malformed: it is {shown(lab_id)}") for lab_id in bad)
        unique = list(dict.fromkeys(good))
        if len(unique) != len(good):
            reading.doubts.append("a lab id is listed twice")
        return unique

    async def _details_async(self, reading: LabReading, ids: list[str]) -> None:
        if not ids:
            return
        waiting = iter(ids)
        errors: list[ControllerError] = []
        tasks = [
            asyncio.create_task(self._next_details_async(reading, waiting, errors))
            for _ in range(min(self._detail_tasks, len(ids)))
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if len(errors) == len(ids):
            raise errors[0]

    async def _next_details_async(
        self, reading: LabReading, waiting: Iterator[str], errors: list[ControllerError]
    ) -> None:
        for lab_id in waiting:
            async with self._details_at_once:
                try:
                    await self._detail_async(reading, lab_id)
                except ControllerError as error:
                    if error.cause not in _LAB_ONLY_CAUSES:
                        raise
                    errors.append(error)
                    reading.failures.append(LabFailure(lab_id, str(error)))

    async def _detail_async(self, reading: LabReading, lab_id: str) -> None:
        response = await self._visit.get_async(f"/labs/{lab_id}")
        if response.status == 404:
            reading.failures.append(LabFailure(lab_id, "vanished between the calls"))
        elif response.status == 403:
            reading.failures.append(LabFailure(lab_id, "the account may not read it"))
        else:
            raise_for_status(response)
            self._parser.read_into(reading, lab_id, decoded(response), self._clock.now())

    def _concluded(self, reading: LabReading) -> LabListing:
        reason = _incomplete_reason(reading)
        if reason is None:
            self._memory.believed_ids = frozenset(reading.labs)
        return LabListing(tuple(reading.labs.values()), tuple(reading.failures), reason is None, reason)


def _is_not_offered(response: UpstreamResponse) -> bool:
    if response.status in (404, 405, 501):
        return True
    return response.status == 500 and b"not found" in response.body[:4096].lower()


def _incomplete_reason(reading: LabReading) -> str | None:
    reasons = list(_few(reading.doubts))
    if reading.failures:
        total = len(reading.labs) + len(reading.failures)
        reasons.append(f"{len(reading.failures)} of {total} labs could not be read")
    return "; ".join(reasons) or None


def _few(reasons: Iterable[str], most: int = 3) -> Iterator[str]:
    for number, reason in enumerate(reasons):
        if number == most:
            yield "and more"
            return
        yield reason
