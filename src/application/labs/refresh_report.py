"""What a refresh of one worker did, lab by lab."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.kernel.jobs import RunOutcome, RunPart
from application.labs.ports import LabFailure


@dataclass(frozen=True, slots=True)
class LabChange:
    """What became of one lab: ``created``, ``updated``, ``restored``, ``removed`` or ``held``."""

    lab_id: str
    record_id: str
    change: str
    changed_fields: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class RefreshReport:
    """The counts add up: synced = created + updated + unchanged + restored; failed ones are not in it.

    ``incomplete_reason`` says why the listing could not be believed to be all; None when it could.
    """

    worker_id: str
    timestamp: datetime
    labs_created: int = 0
    labs_updated: int = 0
    labs_removed: int = 0
    labs_restored: int = 0
    labs_unchanged: int = 0
    held: bool = False
    labs_held: int = 0
    dry_run: bool = False
    failures: list[LabFailure] = field(default_factory=list)
    changes: list[LabChange] = field(default_factory=list)
    incomplete_reason: str | None = None
    duration_ms: int = 0

    @property
    def labs_synced(self) -> int:
        """Labs that were read and taken over."""
        return self.labs_created + self.labs_updated + self.labs_unchanged + self.labs_restored

    @property
    def labs_failed(self) -> int:
        """Labs that could not be read."""
        return len(self.failures)

    @property
    def changed_anything(self) -> bool:
        """Whether any record changed."""
        return bool(self.labs_created or self.labs_updated or self.labs_removed or self.labs_restored)

    def counts(self) -> dict[str, int]:
        """Return the counts by the names under which the API gives them."""
        return {
            "labs_synced": self.labs_synced,
            "labs_created": self.labs_created,
            "labs_updated": self.labs_updated,
            "labs_removed": self.labs_removed,
            "labs_restored": self.labs_restored,
            "labs_unchanged": self.labs_unchanged,
            "labs_failed": self.labs_failed,
            "labs_held": self.labs_held,
        }

    def as_run_part(self) -> RunPart:
        """Return it as the part of a job's run."""
        items: list[dict[str, Any]] = [
            {"id": c.lab_id, "record_id": c.record_id, "change": c.change, "changed_fields": c.changed_fields}
            for c in self.changes
        ]
        items += [{"id": f.lab_id, "change": "failed", "reason": f.reason} for f in self.failures]
        outcome = RunOutcome.PARTIAL if self.failures or self.held else RunOutcome.SUCCEEDED
        return RunPart(self.worker_id, outcome, self.counts(), items, self.incomplete_reason, self.duration_ms)
