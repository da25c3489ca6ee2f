"""Tables for reporting tools equal an independent computation, on the days of the lab's clock."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas
import pytest

from application.labops.exports.export_specimens import ExportSpecimensQuery, ExportSpecimensQueryHandler
from application.labops.exports.tables import ExportTable
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.lab_calendar import LabCalendar
from application.labops.specimen_table import Row
from tests.support.pandas_metrics import frame_of
from tests.support.specimen_tables import InMemorySpecimenTable, specimen
from tests.unit.labops.test_metrics_equal_pandas import generated


async def exported(rows: list[Row], table: ExportTable, wanted: MetricFilter, zone: str) -> list[dict[str, str]]:
    handler = ExportSpecimensQueryHandler(InMemorySpecimenTable(rows), LabCalendar(ZoneInfo(zone)))
    answer = await handler.handle_async(ExportSpecimensQuery(table=table, file_format="csv", wanted=wanted))
    assert answer.data is not None
    with answer.data.content as file:
        text = file.read().decode()
    assert len(text.encode()) == answer.data.size
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
async def test_daily_metrics_are_of_the_labs_days(zone: str) -> None:
    # Summer time begins in Berlin within these days.
    rows = [*generated(1_500), specimen("skewed", received_at=datetime(2026, 3, 29, 12, tzinfo=UTC), minutes=-5)]
    wanted = MetricFilter(from_=datetime(2026, 3, 28, 5, 30, tzinfo=UTC), to=datetime(2026, 3, 30, 22, tzinfo=UTC))
    frame = frame_of(rows, wanted, "received_at")
    frame["hours"] = (frame.processed_at - frame.received_at).dt.total_seconds() / 3600
    expected = []
    for day, part in frame.groupby([at.date().isoformat() for at in frame.received_at.dt.tz_convert(zone)]):
        done = part[part.status == "COMPLETED"]
        failed = int((part.status == "ERROR").sum())
        hours = done.hours[done.hours >= 0].mean()
        expected.append((day, len(part), len(done), hours, 100 * failed / len(part), failed))

    found = await exported(rows, ExportTable.DAILY_METRICS, wanted, zone)

    names = ("date", "total_specimens", "completed_specimens", "avg_tat_hours", "error_rate", "error_count")
    assert [tuple(row) for row in found] == [names] * len(expected)
    for row, theirs in zip(found, expected, strict=True):
        assert (row["date"], *(float(row[name]) for name in names[1:])) == pytest.approx(theirs, abs=0.00501)


async def test_a_day_without_a_result_has_no_turn_around() -> None:
    rows = [specimen("S", status="RECEIVED")]
    [day] = await exported(rows, ExportTable.DAILY_METRICS, MetricFilter(), "UTC")
    assert (day["total_specimens"], day["avg_tat_hours"], day["error_rate"]) == ("1", "", "0.0")


async def test_assay_types_and_machines_equal_an_independent_computation() -> None:
    rows = generated(1_500)
    frame = frame_of(rows, MetricFilter(), "received_at")
    frame["hours"] = (frame.processed_at - frame.received_at).dt.total_seconds() / 3600

    assays = {row["assay_type"]: row for row in await exported(rows, ExportTable.ASSAY_TYPES, MetricFilter(), "UTC")}
    assert list(assays) == sorted(frame.assay.unique())
    for assay, part in frame.groupby("assay"):
        done = part[part.status == "COMPLETED"]
        row = assays[str(assay)]
        assert int(row["total_count"]) == len(part)
        assert float(row["typical_tat_hours"]) == pytest.approx(done.hours.quantile(0.5), abs=0.00501)
        assert float(row["completion_rate"]) == pytest.approx(100 * len(done) / len(part), abs=0.00501)

    machines = {row["machine_id"]: row for row in await exported(rows, ExportTable.MACHINES, MetricFilter(), "UTC")}
    assert list(machines) == sorted(frame.machine_id.unique())
    for machine, part in frame.groupby("machine_id"):
        assert machines[str(machine)]["assay_types"].split(",") == sorted(part.assay.unique())


async def test_specimens_are_exported_row_by_row_between_from_and_to() -> None:
    start = datetime(2026, 2, 3, 12, tzinfo=UTC)
    rows = [specimen(f"S{n}", received_at=start + timedelta(milliseconds=n), minutes=n) for n in range(5)]
    wanted = MetricFilter(from_=start + timedelta(milliseconds=1), to=start + timedelta(milliseconds=4))

    found = await exported(rows, ExportTable.SPECIMENS, wanted, "Europe/Berlin")

    assert [(row["specimen_id"], row["received_at"]) for row in found] == [
        (f"S{n}", f"2026-02-03T12:00:00.00{n}Z") for n in (1, 2, 3)
    ]
    assert pandas.Timestamp(found[0]["processed_at"]) == rows[1][8]
