"""The job that posts the daily summary."""

from application.kernel.jobs import LabkeeperJob, RunOutcome, RunPart, RunRecorder
from application.labops.standups.daily_summary import DailySummary
from domain.kernel.clock import Clock


class DailySummaryJob(LabkeeperJob):
    """Looks every few minutes whether it is time; it is posted once a day whatever happens."""

    task_id = "daily-summary"
    description = "Post the summary of the lab's day to Teams"
    interval_seconds = 300.0
    deadline_seconds = 120.0

    def __init__(self, summary: DailySummary, clock: Clock) -> None:
        self._summary = summary
        self._clock = clock

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:  # noqa: ARG002  each run does the same
        if await self._summary.post_if_due_async(self._clock.now()):
            await recorder.part_async(RunPart("summary", RunOutcome.SUCCEEDED, {"posted": 1}))
