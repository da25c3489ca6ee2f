"""A package that brings metrics, as pip would install it: modules and metadata in one folder."""

import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CODE = '''
"""Metrics of a laboratory that counts by operator."""

import asyncio
import time

from application.labops.metrics.metric import Metric
from application.labops.metrics.views import MetricTable


class ByOperator(Metric):
    name = "by-operator"
    description = "Completed specimens by operator."
    inputs = ("operator_id", "status", "processed_at")
    filters_on = "processed_at"
    sql = """
        SELECT operator_id, count(*) AS completed, max(processed_at) AS last
        FROM specimens WHERE status = 'COMPLETED' GROUP BY 1 ORDER BY 1 -- by name
    """


class Longest(Metric):
    name = "longest"
    description = "The longest turn-around, in minutes."
    inputs = ("specimen_id", "received_at", "processed_at")

    def compute(self, rows, asked):
        ended = [(end - start, name) for name, start, end in rows if end is not None]
        rows = [[name, length.total_seconds() / 60] for length, name in sorted(ended, reverse=True)[:1]]
        return MetricTable(columns=["specimen_id", "minutes"], rows=rows)


class Failing(Metric):
    name = "failing"
    description = "Divides by zero."
    inputs = ("specimen_id",)

    def compute(self, rows, asked):
        return 1 / 0


class RunawaySql(Metric):
    name = "runaway-sql"
    description = "Counts to what nobody waits for."
    inputs = ("specimen_id",)
    sql = "SELECT count(*) FROM range(1000000000000)"


class RunawayPython(Metric):
    name = "runaway-python"
    description = "Never returns."
    inputs = ("specimen_id",)

    def compute(self, rows, asked):
        while True:
            time.sleep(0.01)


class Exiting(Metric):
    name = "exiting"
    description = "Ends the process."
    inputs = ("specimen_id",)
    error = SystemExit(3)

    def compute(self, rows, asked):
        raise self.error


class Interrupting(Exiting):
    name = "interrupting"
    error = KeyboardInterrupt()


class Cancelling(Exiting):
    name = "cancelling"
    error = asyncio.CancelledError()


class Stopping(Exiting):
    name = "stopping"
    error = StopIteration()


class ExitingInTheLoop(Exiting):
    name = "exiting-in-the-loop"

    async def answer_async(self, asked):
        raise self.error


class CancellingInTheLoop(ExitingInTheLoop):
    name = "cancelling-in-the-loop"
    error = asyncio.CancelledError()


class Shapeless(Metric):
    name = "shapeless"
    description = "Answers with anything."
    inputs = ("specimen_id",)

    def compute(self, rows, asked):
        return {"rows": len(rows)}


class Curious(Metric):
    name = "curious"
    description = "Reads what it should not."
    inputs = ("specimen_id",)
    sql = "SELECT content FROM read_text('/etc/hostname')"


class Greedy(Metric):
    name = "greedy"
    description = "Answers with more rows than anybody reads."
    inputs = ("specimen_id",)
    sql = "SELECT * FROM range(20000)"


class Wrong(Metric):
    name = "wrong"
    description = "Is no SQL."
    inputs = ("specimen_id",)
    sql = "SELEC 1"


class Taken(Metric):
    name = "tat"
    description = "Wants to be the turn-around."
    inputs = ("specimen_id",)
    sql = "SELECT 1"


class Needy(Metric):
    name = "needy"
    description = "Needs a column that there is not."
    inputs = ("patient_id",)
    sql = "SELECT 1"


class Empty(Metric):
    name = "empty"
    description = "Computes nothing."
    inputs = ("specimen_id",)


NUMBER = 7
'''
_NAMES = {
    "by-operator": "ByOperator",
    "longest": "Longest",
    "failing": "Failing",
    "shapeless": "Shapeless",
    "runaway-sql": "RunawaySql",
    "runaway-python": "RunawayPython",
    "exiting": "Exiting",
    "interrupting": "Interrupting",
    "cancelling": "Cancelling",
    "stopping": "Stopping",
    "exiting-in-the-loop": "ExitingInTheLoop",
    "cancelling-in-the-loop": "CancellingInTheLoop",
    "curious": "Curious",
    "greedy": "Greedy",
    "wrong": "Wrong",
    "taken": "Taken",
    "needy": "Needy",
    "empty": "Empty",
    "number": "NUMBER",
    "missing": "NotThere",
}


MODULE = "labkeeper_sample_metrics"
DECISION = Path(__file__).parents[2] / "notes" / "decisions" / "0032-metrics-of-specimens.md"


def documented_plugin() -> tuple[str, dict[str, str]]:
    """Return the module that the decision shows to authors of plugins, and its entry points."""
    text = DECISION.read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (project,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return code, tomllib.loads(project)["project"]["entry-points"]["labkeeper.metrics"]


def write_metrics_package(folder: Path) -> None:
    """Write the package as it is when it is installed."""
    module = MODULE
    (folder / f"{module}.py").write_text(CODE)
    metadata = folder / f"{module}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
    lines = [f"{name} = {module}:{cls}" for name, cls in _NAMES.items()]
    lines.append("unimportable = labkeeper_no_such_module:Metric")
    (folder / "labkeeper_exiting_module.py").write_text("raise SystemExit(4)")
    example, entry_points = documented_plugin()
    (folder / "my_package.py").write_text(example)
    lines += [f"{name} = {where}" for name, where in entry_points.items()]
    lines.append("exits-when-imported = labkeeper_exiting_module:Metric")
    (metadata / "entry_points.txt").write_text("\n".join(["[labkeeper.metrics]", *lines, ""]))


@contextmanager
def installed_metrics_package(folder: Path) -> Iterator[None]:
    """Let the package be found until the block ends."""
    write_metrics_package(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in (MODULE, "my_package"):
            sys.modules.pop(module, None)
