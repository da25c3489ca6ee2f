"""List specimens."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
from application.labops.metrics.current_limits import CurrentSlaLimits
from application.labops.metrics.promises import past_limit_sql
from application.labops.specimen_table import SpecimenTable
from application.labops.specimens.views import SpecimenView
from domain.kernel.clock import Clock
from domain.labops.values import SpecimenStatus

_COLUMNS = (
    "specimen_id, assay, machine_id, operator_id, status, error_code, received_at, started_at, processed_at, version"
)


@dataclass(frozen=True, kw_only=True)
class ListSpecimensQuery(Query[OperationResult[Page[SpecimenView]]]):
    """Specimens that were received last come first; None leaves nothing out.

    Attributes:
        specimen_id_prefix: what the id begins with, letter by letter.
        from_, to: reception, from inclusive, to exclusive, aware.
        past_limit: only those that are open past their limit now, or were completed later than it.
    """

    specimen_id_prefix: str | None = None
    status: SpecimenStatus | None = None
    assay: str | None = None
    machine_id: str | None = None
    from_: datetime | None = None
    to: datetime | None = None
    past_limit: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListSpecimensQueryHandler(QueryHandler[ListSpecimensQuery, OperationResult[Page[SpecimenView]]]):
    def __init__(self, table: SpecimenTable, limits: CurrentSlaLimits, clock: Clock) -> None:
        self._table = table
        self._limits = limits
        self._clock = clock

    async def handle_async(self, request: ListSpecimensQuery) -> OperationResult[Page[SpecimenView]]:
        given = {
            "starts_with(specimen_id, $prefix)": ("prefix", request.specimen_id_prefix),
            "status = $status": ("status", request.status and request.status.value),
            "assay = $assay": ("assay", request.assay),
            "machine_id = $machine": ("machine", request.machine_id),
            "received_at >= $from": ("from", request.from_),
            "received_at < $to": ("to", request.to),
        }
        wanted = {condition: (name, value) for condition, (name, value) in given.items() if value is not None}
        conditions = list(wanted)
        parameters: dict[str, Any] = dict(wanted.values())
        scope = f"specimens|{request.past_limit}|{sorted((name, str(value)) for name, value in parameters.items())}"
        if request.past_limit:
            late, values = past_limit_sql(await self._limits.current_async(), self._clock.now())
            conditions.append(late)
            parameters |= values
        if request.cursor is not None:
            parameters["at"], parameters["after"] = _after(request.cursor, scope)
            conditions.append("(received_at < $at OR (received_at = $at AND specimen_id > $after))")
        where = " AND ".join(conditions) or "TRUE"
        sql = (
            f"SELECT {_COLUMNS} FROM specimens WHERE {where} "  # noqa: S608  all values are parameters
            f"ORDER BY received_at DESC, specimen_id LIMIT {request.limit + 1}"
        )
        with self._table.snapshot() as snapshot:
            rows = await snapshot.fetch_async(sql, parameters)
        views = [_view(row) for row in rows[: request.limit]]
        more = len(rows) > len(views)
        return self.ok(
            Page(views, Cursor.encode([views[-1].received_at, views[-1].specimen_id], scope) if more else None)
        )


def _after(cursor: str, scope: str) -> tuple[datetime, str]:
    values = Cursor.decode(cursor, scope)
    if len(values) != 2 or not isinstance(values[0], datetime) or not isinstance(values[1], str):
        raise BadCursorError
    return values[0], values[1]


def _view(row: tuple[Any, ...]) -> SpecimenView:
    names = [name.strip() for name in _COLUMNS.split(",")]
    values = dict(zip(names, row, strict=True))
    for name in ("received_at", "started_at", "processed_at"):
        if values[name] is not None:
            values[name] = values[name].replace(tzinfo=UTC)
    return SpecimenView(**values)
