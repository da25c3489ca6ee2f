"""What the table holds: rows on disk and in memory, and which of them are no longer true."""

from datetime import UTC, datetime
from hashlib import blake2s

import pyarrow

from application.labops.specimen_table import Row
from integration.labops.table.manifest import Change, Image, Manifest
from integration.labops.table.rows import PAIR_SCHEMA, ROW_SCHEMA, batch_of
from integration.labops.table.views import Contents

FREEZE_ROWS = 512
"""Rows that are kept as tuples. Turning so many into Arrow takes less than a millisecond."""


class TableContents:
    """Takes commits in order and knows all rows. Belongs to the event loop; a view of it may go anywhere.

    Attributes:
        generation: how often the table has been built anew, from 1.
        position, command_id: of the last commit that was taken.
        changed: the last commit that changed a row, None before the first.
        specimens: number of rows that are true.
        rowless: ids whose last commit left no row: erased, or not readable.
        unswept: those of them of which files may still hold what they were.
        rebuilt_at: when this generation took over, ISO 8601; empty for the first.
        order: the last order to rebuild that these rows were read after.
        kept: what is in files, and up to where in the log that goes. The rest is in memory only.
    """

    def __init__(self, kept: Manifest) -> None:
        image = kept.image
        self.generation = image.generation
        self.position = image.position
        self.command_id = image.command_id
        self.changed: Change | None = image.changed
        self.specimens = image.specimens
        self.rowless = set(image.rowless)
        self.unswept = set(image.rowless)
        self.rebuilt_at = image.rebuilt_at
        self.order = image.order
        self.kept = kept
        self.batches: list[pyarrow.RecordBatch] = []
        self.pair_batches: list[pyarrow.RecordBatch] = []
        self._fresh: dict[str, Row] = {}
        self._fresh_pairs: list[tuple[str, int]] = []
        self._frozen_rows = 0

    @property
    def unflushed(self) -> int:
        """Rows that are in memory only."""
        return self._frozen_rows + len(self._fresh)

    @property
    def stamp(self) -> str:
        """What tells these rows from others: the commit that changed one last."""
        if self.changed is None:
            return "0"
        digest = blake2s(self.changed.command_id.encode(), digest_size=6).hexdigest()
        return f"{self.changed.position}-{digest}"

    @property
    def changed_at(self) -> datetime | None:
        """When the last fact was stored, aware UTC."""
        return self.changed.stored_at.replace(tzinfo=UTC) if self.changed else None

    def put(self, specimen_id: str, first_version: int, row: Row | None) -> None:
        """Take what a commit says about a specimen.

        Args:
            first_version: version of the commit's first event; the row before it has the version before that.
            row: None when there is none any more, or it cannot be read.
        """
        had = first_version > 1 and specimen_id not in self.rowless
        if had and self._fresh.pop(specimen_id, None) is None:
            self._fresh_pairs.append((specimen_id, first_version - 1))
        if row is None:
            self.rowless.add(specimen_id)
            self.unswept.add(specimen_id)
        else:
            self._fresh[specimen_id] = row
            if self.rowless:
                self.rowless.discard(specimen_id)
        self.specimens += (row is not None) - had

    def freeze(self, least_rows: int = FREEZE_ROWS) -> None:
        """Turn rows and pairs into Arrow when there are enough of them."""
        if len(self._fresh) >= max(1, least_rows):
            self.batches.append(batch_of(self._fresh.values(), ROW_SCHEMA))
            self._frozen_rows += len(self._fresh)
            self._fresh = {}
        if len(self._fresh_pairs) >= max(1, least_rows):
            self.pair_batches.append(batch_of(self._fresh_pairs, PAIR_SCHEMA))
            self._fresh_pairs = []

    def image(self) -> Image:
        """Return how far it is now."""
        return Image(
            self.generation,
            self.position,
            self.command_id,
            self.changed,
            self.specimens,
            tuple(self.rowless),
            self.rebuilt_at,
            self.order,
        )

    def drop_oldest(self, batches: int, pair_batches: int) -> None:
        """Let go of the oldest batches in memory: they are in files now."""
        self._frozen_rows -= sum(batch.num_rows for batch in self.batches[:batches])
        del self.batches[:batches]
        del self.pair_batches[:pair_batches]

    def seen(self) -> Contents:
        """Return what is there now; it does not change when more commits come."""
        return Contents(
            tuple(segment.path for segment in self.kept.segments),
            tuple(segment.path for segment in self.kept.pair_segments),
            tuple(self.batches),
            tuple(self._fresh.values()),
            tuple(self.pair_batches),
            tuple(self._fresh_pairs),
        )
