"""What is counted about jobs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import metrics

from application.kernel.jobs import JobRun, RunOutcome

_meter = metrics.get_meter("labkeeper")
_runs = _meter.create_counter("labkeeper.job.runs", description="Runs of jobs by how they ended")
_duration = _meter.create_histogram("labkeeper.job.duration", unit="s", description="How long runs of jobs took")
_running = _meter.create_up_down_counter("labkeeper.job.running", description="Runs under way in this process")
_ticks = _meter.create_counter("labkeeper.job.ticks", description="Times the schedule came round, by what came of it")


@dataclass(slots=True)
class MeasuredRun:
    """Filled in by whoever knows how the run ended."""

    outcome: RunOutcome = RunOutcome.ABANDONED


@contextmanager
def measure_run(run: JobRun) -> Iterator[MeasuredRun]:
    """Count a run and how long the body of the ``with`` took."""
    measured = MeasuredRun()
    task = {"task_id": run.task_id}
    started = time.monotonic()
    _running.add(1, task)
    try:
        yield measured
    finally:
        _running.add(-1, task)
        _runs.add(1, {**task, "outcome": measured.outcome.value, "trigger": run.trigger})
        _duration.record(time.monotonic() - started, task)


def count_tick(task_id: str, outcome: str) -> None:
    """Count one tick: ran, held, early, unavailable, error, missed or overlapped."""
    _ticks.add(1, {"task_id": task_id, "outcome": outcome})
