"""Taking rows of a file: judged against what is known, one commit for each that says something new."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.labops.imports.import_ids import row_command
from application.labops.imports.import_runs import RejectedRow
from application.labops.imports.specimen_rows import contradicting
from domain.kernel.clock import Clock
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.errors import UnavailableError
from domain.labops.errors import ContradictoryReadingError
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading
from integration.mongo.events.event_store import MongoEventStore

Row = tuple[int, SpecimenReading]
ROWS_PER_TURN = 100
"""Rows that are judged at a stretch, two milliseconds, before others get a turn."""
_TRIES = 20


@dataclass(slots=True)
class Taken:
    """What became of rows."""

    applied: int = 0
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


@dataclass(slots=True)
class _Earlier:
    """What an earlier try of the same rows, which was cut short, has stored: versions by command id."""

    versions: dict[str, tuple[int, int]]
    events: dict[str, list[RecordedDomainEvent]]


@dataclass(slots=True)
class Prepared:
    """Rows whose specimens are loaded; the first row of each is judged as well."""

    rounds: list[list[Row]]
    known: dict[str, Specimen]
    earlier: _Earlier | None
    taken: Taken
    first: list[tuple[Row, Specimen]]


class ImportBatches:
    """Takes batches of one import.

    The command id of a row's commit names the import and the line: taken again, it is stored once and counted as
    applied again, and a row is judged against what was known before it, not against what came of it.
    """

    def __init__(self, log: MongoEventStore, clock: Clock, import_id: str) -> None:
        self._log = log
        self._clock = clock
        self._import_id = import_id

    async def prepare_async(self, rows: Sequence[Row], *, again: bool) -> Prepared:
        """Load and judge, without writing anything.

        Args:
            again: these rows may have been taken before.
        """
        rounds = _rounds(rows)
        ids = list({reading.specimen_id for _, reading in rows})
        events = await self._log.load_many_async([_stream(one) for one in ids])
        earlier = None
        if again:
            found = await self._log.find_commands_async([self._command(line) for line, _ in rows])
            earlier = _Earlier(found, events) if found else None
        begins = {} if earlier is None else self._begins(rows, earlier)
        known: dict[str, Specimen] = {}
        for one in ids:
            stored = events.get(_stream(one))
            if stored:
                specimen = _rebuilt(stored, begins.get(one))
                if specimen.state.state_version:
                    known[one] = specimen
        prepared = Prepared(rounds, known, earlier, Taken(), [])
        if rounds:
            prepared.first = await self._judge_async(prepared, rounds[0])
        return prepared

    async def write_async(self, prepared: Prepared) -> Taken:
        """Store what was judged, then judge and store what is left.

        Raises:
            UnavailableError: the store does not answer; some rows may have been taken.
        """
        changed = prepared.first
        for number, rows in enumerate(prepared.rounds):
            if number:
                changed = await self._judge_async(prepared, rows)
            for _ in range(_TRIES):
                refused = await self._store_async(prepared, changed)
                if not refused:
                    break
                await self._reload_async(prepared, refused)
                changed = await self._judge_async(prepared, refused)
            else:
                raise UnavailableError("others keep changing the same specimens")
        return prepared.taken

    def _command(self, line: int) -> str:
        return row_command(self._import_id, line)

    def _begins(self, rows: Sequence[Row], earlier: _Earlier) -> dict[str, int]:
        """Return the first version that the earlier try wrote, by specimen."""
        begins: dict[str, int] = {}
        for line, reading in rows:
            versions = earlier.versions.get(self._command(line))
            if versions is not None:
                first = begins.get(reading.specimen_id, versions[0])
                begins[reading.specimen_id] = min(first, versions[0])
        return begins

    async def _judge_async(self, prepared: Prepared, rows: Sequence[Row]) -> list[tuple[Row, Specimen]]:
        changed: list[tuple[Row, Specimen]] = []
        for start in range(0, len(rows), ROWS_PER_TURN):
            if start:
                await asyncio.sleep(0)
            self._judge(prepared, rows[start : start + ROWS_PER_TURN], changed)
        return changed

    def _judge(self, prepared: Prepared, rows: Sequence[Row], changed: list[tuple[Row, Specimen]]) -> None:
        now, known, taken = self._clock.now(), prepared.known, prepared.taken
        for row in rows:
            line, reading = row
            if prepared.earlier is not None and self._is_taken(prepared, line, reading.specimen_id):
                taken.applied += 1
                continue
            specimen = known.get(reading.specimen_id)
            if specimen is None:
                specimen = known[reading.specimen_id] = Specimen.receive(reading, now)
                changed.append((row, specimen))
                continue
            try:
                if specimen.take(reading, now):
                    changed.append((row, specimen))
                else:
                    taken.unchanged += 1
            except ContradictoryReadingError as error:
                taken.rejected.append(contradicting(line, error))

    def _is_taken(self, prepared: Prepared, line: int, specimen_id: str) -> bool:
        """Tell whether the earlier try has stored a row; what is known of the specimen is then as after it."""
        assert prepared.earlier is not None
        versions = prepared.earlier.versions.get(self._command(line))
        if versions is None:
            return False
        specimen = prepared.known.setdefault(specimen_id, Specimen())
        have, upto = specimen.state.state_version, versions[1]
        specimen.replay(
            [one for one in prepared.earlier.events[_stream(specimen_id)] if have < one.aggregate_version <= upto]
        )
        return True

    async def _store_async(self, prepared: Prepared, changed: Sequence[tuple[Row, Specimen]]) -> list[Row]:
        if not changed:
            return []
        answers = await self._log.commit_many_async(
            [
                (
                    _stream(reading.specimen_id),
                    specimen.pending_events,
                    specimen.state.state_version,
                    self._command(line),
                )
                for (line, reading), specimen in changed
            ]
        )
        refused: list[Row] = []
        for (row, specimen), answer in zip(changed, answers, strict=True):
            if isinstance(answer, OptimisticConcurrencyException):
                refused.append(row)
            else:
                specimen.mark_committed()
                prepared.taken.applied += 1
        return refused

    async def _reload_async(self, prepared: Prepared, rows: Sequence[Row]) -> None:
        ids = [reading.specimen_id for _, reading in rows]
        events = await self._log.load_many_async([_stream(one) for one in ids])
        for one in ids:
            stored = events.get(_stream(one))
            prepared.known.pop(one, None)
            if stored:
                prepared.known[one] = _rebuilt(stored)


def _stream(specimen_id: str) -> str:
    return f"specimen-{specimen_id}"


def _rebuilt(events: Sequence[RecordedDomainEvent], before: int | None = None) -> Specimen:
    specimen = Specimen()
    specimen.replay(events if before is None else [one for one in events if one.aggregate_version < before])
    return specimen


def _rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """Split rows so that a specimen comes once per round, in the order of the file."""
    seen: dict[str, int] = {}
    rounds: list[list[Row]] = []
    for row in rows:
        number = seen.get(row[1].specimen_id, 0)
        seen[row[1].specimen_id] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(row)
    return rounds
