"""Runs a check over stored data, keeps the report, and notices a worsening.

A run is worked on under a lease of its own, so that whoever finds one without can start it again.
"""

from dataclasses import replace

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.lease_keeper import holding
from application.kernel.leases import Leases
from application.kernel.request_context import current_request
from application.labops.quality.active_rules import ActiveRules, ActiveRulesReader
from application.labops.quality.ports import QualityChecker
from application.labops.quality.runs import QualityRun, QualityRuns, QualityRunState, Worsening
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.labops.quality.problems import UnreadableDataError
from domain.labops.quality.report import QualityReport
from domain.labops.quality.repositories import QualityWatchRepository
from domain.labops.quality.watch import IMPORTS, SPECIMENS, QualityWatch

LEASE_SECONDS = 15.0
_TRIES = 5


class QualityRunner:
    """One run is begun, then carried out; both may be asked of different tasks."""

    def __init__(
        self,
        active: ActiveRulesReader,
        checker: QualityChecker,
        runs: QualityRuns,
        watches: QualityWatchRepository,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._active = active
        self._checker = checker
        self._runs = runs
        self._watches = watches
        self._leases = leases
        self._clock = clock

    async def begin_async(self, trigger: str, import_id: str | None = None, run_id: str | None = None) -> QualityRun:
        """Record that a run has begun: over an import, or over the stored specimens."""
        active = await self._active.read_async()
        run = QualityRun(
            run_id=run_id or self._runs.new_id(),
            kind=SPECIMENS if import_id is None else IMPORTS,
            import_id=import_id,
            trigger=trigger,
            actor=current_request().actor,
            state=QualityRunState.RUNNING,
            started_at=self._clock.now(),
            rules_source=active.source,
            rules_version=active.version,
        )
        await self._runs.begin_async(run)
        return run

    async def carry_out_async(self, run: QualityRun) -> QualityRun:
        """Check, and record what came of it. A file that is no table fails the run, which is no error here.

        A run that somebody else works on, or that has ended, is answered as it stands.

        Raises:
            UnavailableError: the data or the store give no answer; the run is recorded as failed if that can be.
        """
        async with holding(self._leases, f"quality-run:{run.run_id}", LEASE_SECONDS) as held:
            claimed = None if held is None else await self._runs.claim_async(run.run_id, held.token)
            if held is None or claimed is None:
                return await self._runs.get_async(run.run_id) or run
            return await self._work_async(claimed, held.token)

    async def _work_async(self, run: QualityRun, token: int) -> QualityRun:
        active = await self._active.read_async()
        run = replace(run, rules_source=active.source, rules_version=active.version)
        try:
            report = await self._check_async(run, active)
        except UnreadableDataError as error:
            return await self._ended_async(run, token, QualityRunState.FAILED, error=str(error))
        except UnavailableError as error:
            await self._ended_async(run, token, QualityRunState.FAILED, error=str(error))
            raise
        if report is None:
            return await self._ended_async(run, token, QualityRunState.FAILED, error="the file of the import is gone")
        worsened = await self._noted_async(run, active, report)
        return await self._ended_async(run, token, QualityRunState.COMPLETED, report=report, worsened=worsened)

    async def _check_async(self, run: QualityRun, active: ActiveRules) -> QualityReport | None:
        if run.import_id is None:
            return await self._checker.check_specimens_async(active.rules)
        return await self._checker.check_import_async(run.import_id, active.rules)

    async def _noted_async(self, run: QualityRun, active: ActiveRules, report: QualityReport) -> tuple[Worsening, ...]:
        for left in range(_TRIES, 0, -1):
            watch = await self._watches.get_async(run.kind) or QualityWatch()
            is_new = not watch.state.state_version
            told = watch.note(run.kind, run.run_id, active.stamp, report.rows, report.rules, self._clock.now())
            try:
                await (self._watches.add_async(watch) if is_new else self._watches.update_async(watch))
            except OptimisticConcurrencyException:
                # Another run of this kind ended at the same time: compare with that one.
                if left == 1:
                    raise
                continue
            return tuple(
                Worsening(
                    rule_name=one.rule_name,
                    affected_rows=one.affected_rows,
                    affected_rows_before=one.affected_rows_before,
                )
                for one in told
            )
        raise AssertionError("unreachable")

    async def _ended_async(
        self,
        run: QualityRun,
        token: int,
        state: QualityRunState,
        *,
        error: str | None = None,
        report: QualityReport | None = None,
        worsened: tuple[Worsening, ...] = (),
    ) -> QualityRun:
        ended = replace(run, state=state, ended_at=self._clock.now(), error=error, report=report, worsened=worsened)
        kept = await self._runs.end_async(ended, token)
        return ended if kept else await self._runs.get_async(run.run_id) or ended
