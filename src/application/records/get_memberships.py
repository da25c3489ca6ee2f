"""Look at everything that one may see."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.contracts.memberships import MembershipDirectory, Memberships
from application.kernel.request_context import current_request


@dataclass(frozen=True, kw_only=True)
class GetMembershipsQuery(Query[OperationResult[Memberships]]):
    """The organisations, programs and opportunities of whoever asks."""


class GetMembershipsQueryHandler(QueryHandler[GetMembershipsQuery, OperationResult[Memberships]]):
    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def handle_async(self, request: GetMembershipsQuery) -> OperationResult[Memberships]:  # noqa: ARG002  asks for all
        return self.ok(await self._memberships.of_async(current_request().actor))
