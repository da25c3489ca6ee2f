"""List the recurrent jobs."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.jobs import Jobs, JobStatus


@dataclass(frozen=True, kw_only=True)
class ListJobsQuery(Query[OperationResult[list[JobStatus]]]):
    """List the recurrent jobs."""


class ListJobsQueryHandler(QueryHandler[ListJobsQuery, OperationResult[list[JobStatus]]]):
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def handle_async(self, request: ListJobsQuery) -> OperationResult[list[JobStatus]]:  # noqa: ARG002  # says it all by its type
        return self.ok(await self._jobs.list_async())
