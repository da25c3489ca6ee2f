"""Work that is recorded run by run like a job's, but starts only when somebody asks for it."""

from application.operations.rebuild_read_model import TASK_ID as REBUILD

TASKS_ON_DEMAND = {
    REBUILD: "Builds a read model anew beside the one that serves. Start it with POST /read-models/{name}/rebuild."
}
"""Description by task id."""
