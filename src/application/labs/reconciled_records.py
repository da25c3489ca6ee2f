"""Carrying out a reconciliation: load only what changes, decide in the aggregates, store it all in one go."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.labs.known_labs import KnownWorkerLabs
from application.labs.refresh_report import LabChange, RefreshReport
from domain.kernel.field_change import FieldChange
from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_record import LabRecord
from domain.labs.reconciliation import Reconciliation, Removals
from domain.labs.repositories import LabRecordRepository
from domain.labs.values import LabSnapshot, RemovalReason, lab_record_id

SAVE_TRIES = 5


class RecordsKeptChangingError(OptimisticConcurrencyException):
    """Some other writer changed the same records again and again."""


class ReconciledRecords:
    """Applies or previews what a listing means for the records of a worker."""

    def __init__(self, records: LabRecordRepository) -> None:
        self._records = records

    async def apply_async(
        self, worker: CmlWorker, plan: Reconciliation, now: datetime, report: RefreshReport, known: KnownWorkerLabs
    ) -> None:
        """Store what changed, fill the report and take it over into what is known.

        The records that are known are decided on as they are; those that another writer changed are loaded. When this
        fails, what is known holds changes that are not stored: the caller has to drop it.
        """
        todo: dict[str, LabSnapshot] = {lab.lab_id: lab for lab in (*plan.new, *plan.changed, *plan.returning)}
        gone = plan.missing if plan.removals is Removals.APPLIED else frozenset()
        existing = {lab_id: known.records[lab_id] for lab_id in (*todo, *gone) if lab_id in known.records}
        for _ in range(SAVE_TRIES):
            decided = _decide(worker, todo, existing, gone, now)
            refused = await self._records.save_many_async([record for record, _ in decided])
            for record, change in decided:
                if record.state.id in refused:
                    continue
                known.note(record)
                _count(report, change)
            if not refused:
                break
            left = {lab_id for lab_id in (*todo, *gone) if lab_record_id(worker.state.id, lab_id) in refused}
            todo = {lab_id: lab for lab_id, lab in todo.items() if lab_id in left}
            gone &= left
            existing = await self._load_async(worker, left)
        else:
            raise RecordsKeptChangingError(worker.state.id, 0, -1)
        self._note_held(worker, plan, report)

    async def preview_async(
        self, worker: CmlWorker, plan: Reconciliation, now: datetime, report: RefreshReport
    ) -> None:
        """Fill the report with what would change; store nothing."""
        todo: dict[str, LabSnapshot] = {lab.lab_id: lab for lab in (*plan.new, *plan.changed, *plan.returning)}
        gone = plan.missing if plan.removals is Removals.APPLIED else frozenset()
        existing = await self._load_async(worker, {*todo, *gone} - {lab.lab_id for lab in plan.new})
        for _, change in _decide(worker, todo, existing, gone, now):
            _count(report, change)
        self._note_held(worker, plan, report)

    async def _load_async(self, worker: CmlWorker, lab_ids: Collection[str]) -> dict[str, LabRecord]:
        if not lab_ids:
            return {}
        found = await self._records.get_many_async([lab_record_id(worker.state.id, lab_id) for lab_id in lab_ids])
        return {record.state.lab_id: record for record in found.values()}

    def _note_held(self, worker: CmlWorker, plan: Reconciliation, report: RefreshReport) -> None:
        if plan.removals is Removals.HELD:
            report.held = True
            report.labs_held = len(plan.missing)
            report.changes += [
                LabChange(lab_id, lab_record_id(worker.state.id, lab_id), "held") for lab_id in sorted(plan.missing)
            ]


def _decide(
    worker: CmlWorker,
    todo: Mapping[str, LabSnapshot],
    existing: Mapping[str, LabRecord],
    gone: Iterable[str],
    now: datetime,
) -> list[tuple[LabRecord, LabChange]]:
    """Let the aggregates decide; return those that were touched with what it means for the report."""
    worker_id, history = worker.state.id, worker.state.max_history_size
    decided: list[tuple[LabRecord, LabChange]] = []
    for lab_id, snapshot in todo.items():
        record_id = lab_record_id(worker_id, lab_id)
        record = existing.get(lab_id)
        if record is None:
            record = LabRecord.create(worker_id, snapshot, now, history)
            decided.append((record, LabChange(lab_id, record_id, "created")))
            continue
        change = "restored" if record.state.removed else "updated"
        fields = record.update_from_cml(snapshot, now)
        if not record.pending_events:
            change = "unchanged"
        decided.append((record, LabChange(lab_id, record_id, change, _as_pairs(fields))))
    for lab_id in gone:
        record = existing.get(lab_id)
        if record is not None and not record.state.removed:
            record.remove(now, RemovalReason.MISSING_FROM_LISTING)
            decided.append((record, LabChange(lab_id, record.state.id, "removed")))
    return decided


def _count(report: RefreshReport, change: LabChange) -> None:
    name = f"labs_{change.change}"
    setattr(report, name, getattr(report, name) + 1)
    if change.change != "unchanged":
        report.changes.append(change)


def _as_pairs(changes: dict[str, FieldChange]) -> dict[str, dict[str, Any]]:
    return {name: {"old": change.old, "new": change.new} for name, change in changes.items()}
