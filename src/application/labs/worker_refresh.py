"""Refreshing one worker: list, reconcile, store all changes in one go, note how it went."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex

import structlog
from neuroglia.data.exceptions import OptimisticConcurrencyException
from opentelemetry import metrics, trace

from application.kernel.credentials import Credentials, CredentialStore, CredentialsUnreadableError
from application.kernel.lease_keeper import HeldLease, holding
from application.kernel.leases import Leases
from application.kernel.request_context import acting_as, current_request
from application.labs.known_labs import KnownLabs
from application.labs.ports import (
    CmlControllers,
    ControllerError,
    ControllerRefusedError,
    ControllerTarget,
)
from application.labs.reconciled_records import ReconciledRecords
from application.labs.refresh_report import RefreshReport
from application.labs.refresh_rules import (
    RefreshedTooRecentlyError,
    RefreshSettings,
    RefreshUnderWayError,
    refresh_lease_key,
    seconds_until_forced,
)
from application.labs.sync_ledger import SyncLedger, WorkerSync
from domain.kernel.clock import Clock
from domain.labs.cml_worker import CmlWorker
from domain.labs.errors import WorkerDecommissionedError
from domain.labs.reconciliation import Reconciliation, Removals
from domain.labs.repositories import CmlWorkerRepository, LabRecordRepository
from domain.labs.values import Reachability

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("labkeeper.labs")
_labs_seen = metrics.get_meter("labkeeper").create_counter(
    "labkeeper.labs.refreshed", description="Labs by what a refresh did to them"
)

LEASE_SECONDS = 15.0
WORKER_SAVE_TRIES = 5
WORKER_STAYS_FRESH = timedelta(seconds=1)

_REACHABILITY = {
    "unauthorised": Reachability.UNAUTHORISED,
    "not_ready": Reachability.NOT_READY,
    "invalid_answer": Reachability.NOT_READY,
}


class WorkerRefresh:
    """Refreshes workers, one at a time each, across all processes."""

    def __init__(
        self,
        workers: CmlWorkerRepository,
        records: LabRecordRepository,
        controllers: CmlControllers,
        credentials: CredentialStore,
        ledger: SyncLedger,
        leases: Leases,
        clock: Clock,
        settings: RefreshSettings,
    ) -> None:
        self._workers = workers
        self._records = ReconciledRecords(records)
        self._known = KnownLabs(records)
        self._controllers = controllers
        self._credentials = credentials
        self._ledger = ledger
        self._leases = leases
        self._clock = clock
        self._settings = settings

    async def refresh_async(
        self,
        worker: CmlWorker,
        sync: WorkerSync,
        *,
        forced: bool = False,
        dry_run: bool = False,
        read_at: datetime | None = None,
    ) -> RefreshReport:
        """Bring a worker's records up to what its controller says.

        Args:
            sync: the worker's entry in the ledger.
            read_at: when the worker was loaded; None if that is not known. One that was loaded a moment ago, and that
                nobody else has refreshed since this process did, is not loaded again.
            forced: asked for by a person; counts for the pause between two such.
            dry_run: only say what would change.

        Raises:
            RefreshUnderWayError: somebody else is at it.
            WorkerDecommissionedError: it was decommissioned meanwhile.
            RefreshedTooRecentlyError: forced, and the last such is too recent.
            ControllerError: there is no listing; nothing was changed but the worker's reachability.
            UnavailableError: our own store gives no answer.
        """
        worker_id = worker.state.id
        # A refresh sent twice decides anew from what is stored; it must not be given the answers of the first one.
        context = replace(current_request(), command_id=token_hex(16), repeatable=False, appends={})
        with acting_as(context), _tracer.start_as_current_span("refresh worker labs") as span:
            span.set_attribute("labkeeper.worker.id", worker_id)
            async with holding(self._leases, refresh_lease_key(worker_id), LEASE_SECONDS) as held:
                if held is None:
                    raise RefreshUnderWayError(f"worker {worker_id} is being refreshed already")
                worker = await self._present_async(worker, held.token, read_at)
                report = await self._refresh_held_async(worker, sync, held, forced=forced, dry_run=dry_run)
            for name, count in report.counts().items():
                span.set_attribute(f"labkeeper.{name}", count)
                if count and not dry_run:
                    _labs_seen.add(count, {"change": name.removeprefix("labs_")})
        return report

    async def _refresh_held_async(
        self, worker: CmlWorker, sync: WorkerSync, held: HeldLease, *, forced: bool, dry_run: bool
    ) -> RefreshReport:
        started = time.perf_counter()
        if forced:
            sync = (await self._ledger.get_many_async([worker.state.id]))[worker.state.id]
            pause = 0.0 if dry_run else seconds_until_forced(sync, self._clock.now())
            if pause:
                raise RefreshedTooRecentlyError(worker.state.id, pause)
        try:
            credentials = self._known.credentials_of(worker) or await self._credentials_async(worker)
            listing = await self._controllers.list_labs_async(_target(worker, credentials))
        except ControllerError as error:
            self._known.forget_credentials(worker.state.id)
            if not dry_run:
                await self._note_failure_async(worker, sync, error)
            raise
        now = self._clock.now()
        known = await self._known.under_async(worker.state.id, held.token)
        plan = known.plan(listing, worker.state.held_lab_ids)
        report = RefreshReport(worker.state.id, now, labs_unchanged=plan.unchanged, dry_run=dry_run)
        report.failures = list(listing.failures)
        report.incomplete_reason = listing.incomplete_reason
        if dry_run:
            await self._records.preview_async(worker, plan, now, report)
        else:
            if held.lost.is_set():
                raise RefreshUnderWayError(f"the refresh of {worker.state.id} stalled; another has taken it over")
            await self._records.apply_async(worker, plan, now, report, known)
            known.settle(listing, plan)
            worker = await self._note_success_async(worker, plan, now)
            failed = [failure.lab_id for failure in listing.failures if failure.lab_id is not None]
            await self._ledger.put_async(
                sync.synced(
                    now,
                    failed_lab_ids=failed,
                    changed=report.changed_anything or report.held,
                    forced=forced,
                    base=self._settings.interval,
                ),
                forced=forced,
            )
        self._known.keep(worker, known, credentials)
        report.duration_ms = round((time.perf_counter() - started) * 1000)
        return report

    async def _present_async(self, worker: CmlWorker, token: int, read_at: datetime | None) -> CmlWorker:
        """Load the worker anew: what was read before the lease was held may have been changed by its last holder."""
        worker_id = worker.state.id
        is_recent = read_at is not None and self._clock.now() - read_at < WORKER_STAYS_FRESH
        if is_recent and self._known.held_last(worker, token) and not worker.state.decommissioned:
            return worker
        present = await self._workers.get_async(worker_id)
        if present is None or present.state.decommissioned:
            raise WorkerDecommissionedError(f"worker {worker_id} is decommissioned")
        return present

    async def _credentials_async(self, worker: CmlWorker) -> Credentials:
        state = worker.state
        try:
            credentials = await self._credentials.get_async(state.id)
        except CredentialsUnreadableError as error:
            raise ControllerRefusedError(state.endpoint_url, "unauthorised", str(error)) from error
        if credentials is None:
            raise ControllerRefusedError(state.endpoint_url, "unauthorised", "no credentials are kept for this worker")
        return credentials

    async def _note_failure_async(self, worker: CmlWorker, sync: WorkerSync, error: ControllerError) -> None:
        now = self._clock.now()
        reachability = _REACHABILITY.get(error.cause, Reachability.UNREACHABLE)
        is_guess = error.cause == "circuit_open"
        why = sync.error if is_guess and sync.error else str(error)
        await self._ledger.put_async(sync.failed(now, why, self._settings.interval))
        if is_guess:
            return
        await self._save_worker_async(worker, lambda w: w.note_reachability(reachability, str(error), now))

    async def _note_success_async(self, worker: CmlWorker, plan: Reconciliation, now: datetime) -> CmlWorker:
        def note(current: CmlWorker) -> None:
            current.note_reachability(Reachability.REACHABLE, "", now)
            if plan.settles_held:
                current.settle_held_listing(applied=plan.confirms_held, at=now)
            if plan.removals is Removals.HELD and plan.missing != current.state.held_lab_ids:
                current.hold_listing(plan.missing, plan.known_labs, now)
            if plan.drops_half:
                current.note_labs_dropped(len(plan.missing), plan.known_labs, now)

        return await self._save_worker_async(worker, note)

    async def _save_worker_async(self, worker: CmlWorker, note: Callable[[CmlWorker], object]) -> CmlWorker:
        """Note something on a worker, on its newest version if it has changed; return the worker as it then is."""
        for _ in range(WORKER_SAVE_TRIES):
            if worker.state.decommissioned:
                return worker
            note(worker)
            try:
                await self._workers.update_async(worker)
            except OptimisticConcurrencyException:
                fresh = await self._workers.get_async(worker.state.id)
                if fresh is None:
                    return worker
                worker = fresh
            else:
                return worker
        log.warning("worker_kept_changing", worker_id=worker.state.id)
        return worker


def _target(worker: CmlWorker, credentials: Credentials) -> ControllerTarget:
    return ControllerTarget(worker.state.id, worker.state.endpoint_url, worker.state.verify_tls, credentials)
