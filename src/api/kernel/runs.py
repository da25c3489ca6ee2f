"""Runs as every context's routes answer them: work that goes on after its request was answered."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel

from application.kernel.jobs import JobRun


class RunAnswer(BaseModel):
    """A run of a job. ``counts`` adds up its parts."""

    run_id: str
    task_id: str
    trigger: str
    actor: str
    started_at: datetime
    outcome: str
    ended_at: datetime | None
    counts: dict[str, int]
    parts_total: int
    parts_done: int
    parts_partial: int
    parts_failed: int
    error: str | None


def run_answer(run: JobRun) -> RunAnswer:
    """Return a run as the API gives it."""
    return RunAnswer(**{name: value for name, value in asdict(run).items() if name in RunAnswer.model_fields})


def run_path(run: JobRun) -> str:
    """Return where a run can be looked at."""
    return f"/api/v1/jobs/{run.task_id}/runs/{run.run_id}"
