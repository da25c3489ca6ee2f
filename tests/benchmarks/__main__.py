"""Runs the benchmarks: ``python -m tests.benchmarks [--only NAME ...] [--runs 3]``."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

import structlog
import uvloop
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src")]

from integration.garbage_collection import calm_the_collector  # noqa: E402
from integration.telemetry.telemetry import Telemetry  # noqa: E402
from tests.benchmarks import (  # noqa: E402
    append_rows,
    http_rows,
    labops_import_rows,
    labops_live_rows,
    labops_metrics_rows,
    labops_whatif_rows,
    mediator_rows,
    peer_rows,
    reading_rows,
    records_rows,
    refresh_rows,
)
from tests.benchmarks.measuring import Reading, Row  # noqa: E402
from tests.support.mongo import single_node  # noqa: E402

ROWS: tuple[Row, ...] = (
    *append_rows.ROWS,
    *reading_rows.ROWS,
    *mediator_rows.ROWS,
    *http_rows.ROWS,
    *refresh_rows.ROWS,
    *records_rows.ROWS,
    *labops_whatif_rows.ROWS,
    *peer_rows.ROWS,
    *labops_import_rows.ROWS,
    *labops_metrics_rows.ROWS,
    *labops_live_rows.ROWS,
)
RESULTS = ROOT / ".bench" / "results.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure and write the table.")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="rows whose name contains one of these")
    parser.add_argument("--runs", type=int, default=3, help="runs of each row; the median is told (default 3)")
    arguments = parser.parse_args()
    rows = [row for row in ROWS if not arguments.only or any(part in row.name for part in arguments.only)]

    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    Telemetry("benchmark").start()
    console = Console()
    # Runs go over all rows before the next one starts, so that a bad minute of the machine spoils one run of a row.
    readings: dict[str, list[Reading]] = {row.name: [] for row in rows}
    results: list[dict[str, Any]] = []
    with single_node() as mongod:
        calm_the_collector()
        for run in range(1, arguments.runs + 1):
            for row in rows:
                with console.status(f"run {run} of {arguments.runs}: {row.name}"):
                    reading = uvloop.run(row.measure(mongod.uri))
                readings[row.name].append(reading)
                results = _written(rows, readings)
                console.print(f"run {run}  {row.name}: {reading.ratio:.2f}", highlight=False, style="dim")
    console.print(_table([row for row in rows if readings[row.name]], results, readings))
    console.print(f"{os.cpu_count()} cores; written to {RESULTS.relative_to(ROOT)}", highlight=False)


def _written(rows: list[Row], readings: dict[str, list[Reading]]) -> list[dict[str, Any]]:
    """Write what there is so far, so that an aborted run leaves its numbers."""
    results = [_result(row, readings[row.name]) for row in rows if readings[row.name]]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    return results


def _result(row: Row, readings: list[Reading]) -> dict[str, Any]:
    middle = sorted(readings, key=lambda reading: reading.ratio)[(len(readings) - 1) // 2]
    return {
        "name": row.name,
        "ratio": round(median(reading.ratio for reading in readings), 3),
        "goal": row.goal,
        "better": row.better,
        "ours": round(middle.ours, 3),
        "baseline": round(middle.baseline, 3),
        "unit": row.unit,
    }


def _table(rows: list[Row], results: list[dict[str, Any]], readings: dict[str, list[Reading]]) -> Table:
    table = Table(title="Ours against a plain baseline of the same run; median of the runs")
    for heading in ("name", "goal", "ratio", "runs", "ours", "baseline", "unit", ""):
        table.add_column(heading, justify="left" if heading in ("name", "unit", "") else "right", overflow="fold")
    for row, result in zip(rows, results, strict=True):
        sign = "≥" if row.better == "higher" else "≤"
        runs = [reading.ratio for reading in readings[row.name]]
        verdict = "[green]met[/]" if row.is_met(result["ratio"]) else "[red]missed[/]"
        table.add_row(
            row.name,
            f"{sign} {row.goal:g}",
            f"{result['ratio']:.2f}",
            f"{min(runs):.2f}-{max(runs):.2f}",
            f"{result['ours']:,.1f}",
            f"{result['baseline']:,.1f}",
            row.unit,
            verdict,
        )
    return table


if __name__ == "__main__":
    main()
