"""Writing rows from memory to files, and many files to one."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow
import structlog

from integration.labops.table.contents import TableContents
from integration.labops.table.engine import Connection, Engine, file_list, quoted, select
from integration.labops.table.files import FileShelf, sync_file
from integration.labops.table.manifest import Image, Manifest, Segment
from integration.labops.table.rows import PAIR_COLUMNS, PAIR_SCHEMA, ROW_SCHEMA
from integration.labops.table.views import without

log = structlog.get_logger(__name__)

FLUSH_ROWS = 100_000
TIER_ROWS = 12_500
SEGMENTS_PER_TIER = 8
PAIRS_WORTH_A_REWRITE = 50_000
PAIRS_SHARE_WORTH_A_REWRITE = 0.25


class SegmentFiles:
    """The files in one folder. Its methods are called one at a time."""

    def __init__(self, folder: Path, engine: Engine, shelf: FileShelf) -> None:
        self.folder = folder
        self._engine = engine
        self._shelf = shelf
        self._numbers = itertools.count(1)

    def load(self) -> Manifest:
        """Return what the folder holds, checked; an empty table when there is none. Files that it does not name go.

        Raises:
            DamagedTableError: a file is missing or changed.
        """
        found = Manifest.read(self.folder)
        known = found or Manifest(Image())
        for segment in known.files:
            segment.check()
        self.remove_orphans(known)
        return known

    def remove_orphans(self, known: Manifest) -> None:
        """Remove files that nothing names: of a crash, or of a damaged table."""
        names = {segment.path.name for segment in known.files}
        for path in self.folder.glob("*.parquet"):
            if path.name not in names:
                path.unlink()
        used = [int(name.split("-")[1].split(".")[0]) for name in names]
        self._numbers = itertools.count(max(used, default=0) + 1)

    async def flush_async(self, contents: TableContents, *, publish: bool = True) -> None:
        """Write what is in memory to files.

        Args:
            publish: whether the manifest names them from now on; not while a generation is still being built.
        """
        contents.freeze(1)
        image = contents.image()
        batches, pair_batches = tuple(contents.batches), tuple(contents.pair_batches)
        rows = pyarrow.Table.from_batches(batches, ROW_SCHEMA)
        pairs = pyarrow.Table.from_batches(pair_batches, PAIR_SCHEMA)
        file, pair_file = self._new_files(image.generation)

        def write(cursor: Connection) -> Manifest:
            cursor.register("new_rows", rows)
            cursor.register("new_pairs", pairs)
            kept = contents.kept
            # In order of reception, so that a question about a day need not read the others.
            true = f"{without('new_rows', 'new_pairs')} ORDER BY received_at"
            false = f"{select(PAIR_COLUMNS, 'new_pairs')} AS gone ANTI JOIN new_rows AS said USING ({PAIR_COLUMNS})"
            manifest = Manifest(
                image,
                kept.segments + _written(cursor, true, file),
                kept.pair_segments + _written(cursor, false, pair_file),
            )
            if publish:
                manifest.write(self.folder)
            return manifest

        contents.kept = await self._engine.work_async(write)
        contents.drop_oldest(len(batches), len(pair_batches))

    async def publish_async(self, contents: TableContents) -> None:
        """Have the manifest name what contents keep, after all work under way.

        Work whose caller was cancelled goes on to its end in the thread of the engine, and names files of which the
        contents never heard.
        """

        def write(_: Connection) -> None:
            contents.kept.write(self.folder)

        await self._engine.work_async(write)

    async def compact_async(self, contents: TableContents, *, publish: bool = True) -> bool:
        """Merge files where it is worth it, without the rows that are no longer true; False when it is not."""
        chosen = worth_merging(contents.kept)
        if chosen:
            await self._merge_async(contents, chosen, publish=publish)
        return bool(chosen)

    async def sweep_async(self, contents: TableContents, ids: Collection[str], *, publish: bool = True) -> None:
        """Write the files that hold rows of these specimens again, without the rows that are no longer true."""
        old = contents.kept
        if not ids or not old.segments:
            return
        gone = pyarrow.table({"specimen_id": pyarrow.array(list(ids), pyarrow.string())})

        def find(cursor: Connection) -> set[str]:
            cursor.register("gone", gone)
            rows = f"read_parquet({file_list([one.path for one in old.segments])}, filename = true)"
            found = cursor.execute(f"{select('DISTINCT filename', rows)} SEMI JOIN gone USING (specimen_id)")
            return {str(name) for (name,) in found.fetchall()}

        names = await self._engine.work_async(find)
        chosen = tuple(one for one in old.segments if str(one.path) in names)
        if chosen:
            await self._merge_async(contents, chosen, publish=publish)

    async def _merge_async(self, contents: TableContents, chosen: Sequence[Segment], *, publish: bool) -> None:
        old = contents.kept
        file, pair_file = self._new_files(old.image.generation)

        def merge(cursor: Connection) -> Manifest:
            rows = f"read_parquet({file_list([one.path for one in chosen])})"
            merged, pairs_left = old.segments, old.pair_segments
            if old.pair_segments:
                pairs = f"read_parquet({file_list([one.path for one in old.pair_segments])})"
                true = without(rows, pairs)
                false = f"{select(PAIR_COLUMNS, pairs)} AS gone ANTI JOIN {rows} AS said USING ({PAIR_COLUMNS})"
                pairs_left = _written(cursor, false, pair_file)
            else:
                true = select("*", rows)
            first = merged.index(chosen[0])
            rest = [one for one in merged if one not in chosen]
            rest[first:first] = _written(cursor, true, file)
            manifest = Manifest(old.image, tuple(rest), pairs_left)
            if publish:
                manifest.write(self.folder)
            return manifest

        contents.kept = new = await self._engine.work_async(merge)
        self.retire([one for one in old.files if one not in new.files])

    def retire(self, segments: Sequence[Segment]) -> None:
        """Remove files as soon as nobody reads them."""
        self._shelf.retire([segment.path for segment in segments])

    def _new_files(self, generation: int) -> tuple[Path, Path]:
        number = next(self._numbers)
        return self.folder / f"{generation}-{number}.parquet", self.folder / f"{generation}-{number}-gone.parquet"


def worth_merging(manifest: Manifest) -> tuple[Segment, ...]:
    """Return the segments that should become one; none when all is well."""
    rows = sum(one.rows for one in manifest.segments)
    pairs = sum(one.rows for one in manifest.pair_segments)
    if pairs > max(PAIRS_WORTH_A_REWRITE, PAIRS_SHARE_WORTH_A_REWRITE * rows):
        return manifest.segments
    tiers: dict[int, list[Segment]] = {}
    for segment in manifest.segments:
        tiers.setdefault(_tier_of(segment.rows), []).append(segment)
    full = [tier for tier, members in tiers.items() if len(members) >= SEGMENTS_PER_TIER]
    # Smaller ones go along: a merge costs by its largest.
    return tuple(one for one in manifest.segments if _tier_of(one.rows) <= max(full)) if full else ()


def _tier_of(rows: int) -> int:
    tier, most = 0, TIER_ROWS
    while rows > most:
        tier, most = tier + 1, most * SEGMENTS_PER_TIER
    return tier


def _written(cursor: Connection, sql: str, path: Path) -> tuple[Segment, ...]:
    """Write the rows of a SELECT to a file that is on disk when this returns; no file when there are none."""
    copied = cursor.execute(f"COPY ({sql}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    rows = int(copied[0]) if copied else 0
    if not rows:
        path.unlink(missing_ok=True)
        return ()
    sync_file(path)
    return (Segment.of(path, rows),)
