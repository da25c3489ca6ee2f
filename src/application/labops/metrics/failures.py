"""Metric ``errors``: which machine fails, how, and on what."""

from datetime import datetime

from application.labops.metrics.buckets import bucketed_async
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.views import ErrorCell, ErrorGroup, ErrorsPoint, ErrorsSeries, ErrorsView
from application.labops.specimen_table import Row

_CELLS = (
    "cells AS (SELECT machine_id, assay, CASE WHEN status = 'ERROR' THEN error_code END AS code, "
    "count(*) AS specimens, count(*) FILTER (status = 'ERROR') AS errors FROM specimens GROUP BY 1, 2, 3)"
)
_GROUPS = (
    "SELECT grouping(machine_id, assay, code), machine_id, assay, code, sum(errors)::BIGINT, sum(specimens)::BIGINT "
    "FROM cells GROUP BY GROUPING SETS ((machine_id), (assay), (code), (machine_id, code), ())"
)
_MACHINE, _ASSAY, _CODE, _CELL, _ALL = 0b011, 0b101, 0b110, 0b010, 0b111


class Failures(Metric):
    """Failed specimens by machine, code and assay, as a share of all specimens and of the group's own."""

    name = "errors"
    description = "Failed specimens by machine, error code and assay, as a share of all and of the group's own."
    inputs = ("assay", "machine_id", "status", "error_code")
    filters_on = "received_at"

    async def answer_async(self, asked: Asked) -> ErrorsView:
        rows = await asked.specimens.select_async(_GROUPS, also=_CELLS)
        by_kind: dict[int, list[Row]] = {}
        for kind, *row in rows:
            by_kind.setdefault(kind, []).append(tuple(row))
        _, _, _, errors, total = by_kind[_ALL][0]
        errors, total = errors or 0, total or 0

        def groups(kind: int, category: str, column: int, *, of_errors: bool = False) -> list[ErrorGroup]:
            found = [
                ErrorGroup(
                    category=category,
                    value=row[column],
                    count=row[3],
                    rate=row[3] / total,
                    rate_within=row[3] / (errors if of_errors else row[4]),
                    specimens=errors if of_errors else row[4],
                )
                for row in by_kind.get(kind, ())
                if row[3] and row[column] is not None
            ]
            return sorted(found, key=lambda group: (-group.count, group.value))

        cells = [
            ErrorCell(machine_id=row[0], error_code=row[2], count=row[3]) for row in by_kind.get(_CELL, ()) if row[3]
        ]
        return ErrorsView(
            by_machine=groups(_MACHINE, "machine_id", 0),
            by_error_code=groups(_CODE, "error_code", 2, of_errors=True),
            by_assay=groups(_ASSAY, "assay", 1),
            by_machine_and_code=sorted(
                cells, key=lambda cell: (cell.machine_id, cell.error_code is None, cell.error_code or "")
            ),
            total_errors=errors,
            total_specimens=total,
            overall_error_rate=errors / total if total else 0.0,
        )


class FailuresOverTime(Metric):
    """Failed specimens by the hour or day in which they were received."""

    name = "errors_series"
    description = "Failed specimens and their share by hour or day of the received time."
    inputs = ("status", "received_at")
    filters_on = "received_at"

    async def answer_async(self, asked: Asked) -> ErrorsSeries:
        def point(at: datetime, row: Row) -> ErrorsPoint:
            errors, total = row
            return ErrorsPoint(timestamp=at, total_errors=errors, total_specimens=total, error_rate=errors / total)

        data = await bucketed_async(
            asked,
            "received_at",
            where="TRUE",
            values="count(*) FILTER (status = 'ERROR'), count(*)",
            point=point,
        )
        return ErrorsSeries(grain=asked.grain, data=data)
