"""Get the rows of an import that were not taken, as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.imports.import_runs import ImportRuns, RejectedRow
from application.labops.spreadsheets import harmless

COLUMNS = ("line", "column", "value", "reason")
ROWS_PER_PIECE = 500


@dataclass(frozen=True, kw_only=True)
class GetImportReportQuery(Query[OperationResult[AsyncIterator[bytes]]]):
    """The rejected rows of an import so far, by line; pieces of a CSV file."""

    import_id: str


class GetImportReportQueryHandler(QueryHandler[GetImportReportQuery, OperationResult[AsyncIterator[bytes]]]):
    def __init__(self, runs: ImportRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: GetImportReportQuery) -> OperationResult[AsyncIterator[bytes]]:
        run = await self._runs.get_async(request.import_id)
        if run is None:
            return missing("import", request.import_id)
        return self.ok(report_async(self._runs.rejected_async(request.import_id)))


async def report_async(rows: AsyncIterator[RejectedRow]) -> AsyncIterator[bytes]:
    """Return a report piece by piece. No cell is a formula for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    waiting = 0
    async for row in rows:
        writer.writerow((row.line, row.column, harmless(row.value), harmless(row.reason)))
        waiting += 1
        if waiting == ROWS_PER_PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
            waiting = 0
    yield text.getvalue().encode()
