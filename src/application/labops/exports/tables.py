"""The tables that reporting tools get, with the columns of the starter kit's model for Power BI.

What no specimen says is left empty, and nothing is made up: patient, priority, category, a machine's capacity and
state, and the turn-around of a day without a result. A machine's name is its id. Times are UTC; days are the lab's, of
the received time; rates are percent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from application.labops.metrics.lab_calendar import LENGTHS
from application.labops.metrics.views import Grain
from application.labops.specimen_table import ExportFormat
from application.labops.spreadsheets import harmless_sql

INPUTS = (
    "specimen_id",
    "assay",
    "machine_id",
    "operator_id",
    "status",
    "error_code",
    "received_at",
    "processed_at",
)
_NOTHING = "CAST(NULL AS VARCHAR)"
_HOURS = "(epoch_us(processed_at) - epoch_us(received_at)) / 3600e6"
_MEASURED = "status = 'COMPLETED' AND processed_at >= received_at"


class ExportTable(StrEnum):
    """What can be exported."""

    SPECIMENS = "specimens"
    ASSAY_TYPES = "assay_types"
    MACHINES = "machines"
    DAILY_METRICS = "daily_metrics"


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    sql: str
    kind: str = "number"


_COLUMNS: dict[ExportTable, tuple[_Column, ...]] = {
    ExportTable.SPECIMENS: (
        _Column("specimen_id", "specimen_id", "text"),
        _Column("patient_id", _NOTHING),
        _Column("assay_type", "assay", "text"),
        _Column("status", "status", "text"),
        _Column("received_at", "received_at", "time"),
        _Column("processed_at", "processed_at", "time"),
        _Column("priority", _NOTHING),
        _Column("lab_technician", "operator_id", "text"),
        _Column("error_code", "error_code", "text"),
    ),
    ExportTable.ASSAY_TYPES: (
        _Column("assay_type", "assay", "text"),
        _Column("category", _NOTHING),
        _Column("typical_tat_hours", f"round(quantile_cont({_HOURS}, 0.5) FILTER ({_MEASURED}), 2)"),
        _Column("priority_level", _NOTHING),
        _Column("total_count", "count(*)"),
        _Column("completion_rate", "round(100 * count(*) FILTER (status = 'COMPLETED') / count(*), 2)"),
    ),
    ExportTable.MACHINES: (
        _Column("machine_id", "machine_id", "text"),
        _Column("machine_name", "machine_id", "text"),
        _Column("assay_types", "string_agg(DISTINCT assay, ',' ORDER BY assay)", "text"),
        _Column("capacity_per_hour", "CAST(NULL AS DOUBLE)"),
        _Column("status", _NOTHING),
    ),
    ExportTable.DAILY_METRICS: (
        _Column("date", "day"),
        _Column("total_specimens", "count(*)"),
        _Column("completed_specimens", "count(*) FILTER (status = 'COMPLETED')"),
        _Column("avg_tat_hours", f"round(avg({_HOURS}) FILTER ({_MEASURED}), 2)"),
        _Column("error_rate", "round(100 * count(*) FILTER (status = 'ERROR') / count(*), 2)"),
        _Column("error_count", "count(*) FILTER (status = 'ERROR')"),
    ),
}
_REST: dict[ExportTable, str] = {
    ExportTable.SPECIMENS: "ORDER BY specimens.received_at, specimens.specimen_id",
    ExportTable.ASSAY_TYPES: "GROUP BY assay ORDER BY assay",
    ExportTable.MACHINES: "GROUP BY machine_id ORDER BY machine_id",
    ExportTable.DAILY_METRICS: "GROUP BY day ORDER BY day",
}


def _in_csv(column: _Column) -> str:
    if column.kind == "text":
        return harmless_sql(column.sql)
    if column.kind == "time":
        return f"strftime({column.sql}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    return column.sql


def _in_parquet(column: _Column) -> str:
    return f"{column.sql} AT TIME ZONE 'UTC'" if column.kind == "time" else column.sql


_WRITTEN: dict[ExportFormat, Callable[[_Column], str]] = {"csv": _in_csv, "parquet": _in_parquet}


def export_sql(table: ExportTable, file_format: ExportFormat, offset: str) -> tuple[str, str]:
    """Return the SELECT of a table over ``specimens``, and the further relation that it needs.

    Args:
        offset: SQL expression of the lab's offset from UTC in microseconds, at ``us``.
    """
    written = _WRITTEN[file_format]
    columns = ", ".join(f"{written(column)} AS {column.name}" for column in _COLUMNS[table])
    source = "dated" if table is ExportTable.DAILY_METRICS else "specimens"
    length = LENGTHS[Grain.DAY]
    dated = (
        f"local AS (SELECT *, us + ({offset}) AS shown FROM (SELECT *, epoch_us(received_at) AS us FROM specimens)), "  # noqa: S608
        "dated AS (SELECT *, DATE '1970-01-01' + "
        f"((shown - (shown % {length} + {length}) % {length}) // {length})::INTEGER AS day FROM local)"
    )
    return f"SELECT {columns} FROM {source} {_REST[table]}", dated  # noqa: S608 - words of ours
