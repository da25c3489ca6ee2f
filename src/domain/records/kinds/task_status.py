"""How far a task is, and where it may go from there."""

from enum import StrEnum

from domain.kernel.errors import DomainError
from domain.records.values import JsonValue


class TaskStatus(StrEnum):
    """How far a task is."""

    INVESTIGATING = "investigating"
    FLW_ACTION_IN_PROGRESS = "flw_action_in_progress"
    FLW_ACTION_COMPLETED = "flw_action_completed"
    REVIEW_NEEDED = "review_needed"
    CLOSED = "closed"


LEGACY_STATUSES = {
    "unassigned": TaskStatus.INVESTIGATING,
    "network_manager": TaskStatus.INVESTIGATING,
    "program_manager": TaskStatus.REVIEW_NEEDED,
    "action_underway": TaskStatus.FLW_ACTION_IN_PROGRESS,
    "resolved": TaskStatus.CLOSED,
}
"""What statuses of earlier times mean. They are read, never written."""

TRANSITIONS: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.INVESTIGATING: frozenset(
        {TaskStatus.FLW_ACTION_IN_PROGRESS, TaskStatus.REVIEW_NEEDED, TaskStatus.CLOSED}
    ),
    TaskStatus.FLW_ACTION_IN_PROGRESS: frozenset(
        {TaskStatus.FLW_ACTION_COMPLETED, TaskStatus.INVESTIGATING, TaskStatus.REVIEW_NEEDED, TaskStatus.CLOSED}
    ),
    TaskStatus.FLW_ACTION_COMPLETED: frozenset(
        {TaskStatus.REVIEW_NEEDED, TaskStatus.INVESTIGATING, TaskStatus.FLW_ACTION_IN_PROGRESS, TaskStatus.CLOSED}
    ),
    TaskStatus.REVIEW_NEEDED: frozenset(
        {TaskStatus.INVESTIGATING, TaskStatus.FLW_ACTION_IN_PROGRESS, TaskStatus.CLOSED}
    ),
    TaskStatus.CLOSED: frozenset({TaskStatus.INVESTIGATING}),
}
"""Where a task may go: an action is completed only after it began, and what is closed is first looked into again."""


class TaskTransitionRefusedError(DomainError):
    """A task cannot go from where it is to there."""

    def __init__(self, status: str, wanted: TaskStatus) -> None:
        ways = ", ".join(sorted(_ways_from(status)))
        super().__init__(f"a task that is {status} cannot become {wanted.value}; it can become {ways}")


def status_read(value: JsonValue) -> str:
    """Return a stored status in today's names; one that nobody knows as it is, ``investigating`` without any."""
    if not isinstance(value, str) or not value:
        return TaskStatus.INVESTIGATING
    return LEGACY_STATUSES.get(value, value)


def check_transition(status: str, wanted: TaskStatus) -> None:
    """Check that a task may go from its status to another. From a status that nobody knows it may go anywhere.

    Raises:
        TaskTransitionRefusedError: it may not.
    """
    if wanted not in _ways_from(status):
        raise TaskTransitionRefusedError(status, wanted)


def _ways_from(status: str) -> frozenset[TaskStatus]:
    return TRANSITIONS[TaskStatus(status)] if status in TaskStatus.__members__.values() else frozenset(TaskStatus)
