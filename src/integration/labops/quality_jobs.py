"""The job that holds the stored specimens against the rules, day by day."""

from application.kernel.jobs import LabkeeperJob, RunOutcome, RunPart, RunRecorder
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRunState
from settings import LabopsSettings

TASK_ID = "dq-check"


class QualityCheckJob(LabkeeperJob):
    """One quality run per start; what it found is that run's report."""

    task_id = TASK_ID
    description = "Hold the stored specimens against the data quality rules"
    run_at_start = False

    def __init__(self, runner: QualityRunner, settings: LabopsSettings) -> None:
        self._runner = runner
        self.interval_seconds = settings.dq_interval_seconds
        self.jitter_seconds = min(300.0, settings.dq_interval_seconds * 0.02)

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        await recorder.expect_async(1)
        begun = await self._runner.begin_async("manual" if trigger == "manual" else "schedule")
        run = await self._runner.carry_out_async(begun)
        succeeded = run.state is QualityRunState.COMPLETED
        counts = {} if run.report is None else {"rows": run.report.rows, "violations": len(run.report.violations)}
        counts["rules_worsened"] = len(run.worsened)
        outcome = RunOutcome.SUCCEEDED if succeeded else RunOutcome.FAILED
        await recorder.part_async(
            RunPart(run.run_id, outcome, counts, [{"id": run.run_id, "change": "checked"}], run.error)
        )
