"""What a metric is: a class that says what it needs, and a SELECT or a Python function that computes it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from application.labops.metric_filter import MetricFilter, TimeColumn
from application.labops.metrics.views import Grain, MetricTable
from application.labops.specimen_table import Row, TableSnapshot
from domain.kernel.errors import InvalidFieldError, LabkeeperError
from domain.labops.sla_limits import SlaLimits

MOST_ROWS = 10_000
"""Of one answer of a metric that has no shape of its own."""
MOST_ROWS_IN_PYTHON = 1_000_000
MOST_BUCKETS = 50_000
PYTHON_THREADS = 4


class TooMuchAskedError(InvalidFieldError):
    """The answer would be too large; ``field`` and ``rule`` say what to ask instead."""


class Specimens:
    """The specimens of one question: ``specimens`` in SQL is the table, filtered, with the columns of the inputs."""

    def __init__(
        self, snapshot: TableSnapshot, inputs: Sequence[str], filters_on: TimeColumn, wanted: MetricFilter
    ) -> None:
        self._snapshot = snapshot
        self._columns = ", ".join(inputs)
        self._filters_on = filters_on
        self._wanted = wanted

    async def select_async(
        self, select: str, parameters: Mapping[str, Any] | None = None, *, also: str = "", whenever: bool = False
    ) -> list[Row]:
        """Return the rows of a SELECT over ``specimens``.

        Args:
            parameters: values of ``$name`` in it.
            also: further relations, as in ``done AS (SELECT ...)``.
            whenever: leave out ``from`` and ``to`` of the filter.
        """
        sql, values = self.question(select, also=also, whenever=whenever)
        return await self._snapshot.fetch_async(sql, {**values, **(parameters or {})})

    def question(self, select: str, *, also: str = "", whenever: bool = False) -> tuple[str, dict[str, Any]]:
        """Return the whole SQL of a SELECT over ``specimens``, and the values of the filter."""
        wanted = self._wanted
        if whenever:
            wanted = MetricFilter(assay=wanted.assay, machine_id=wanted.machine_id)
        condition = wanted.condition(self._filters_on)
        table = f"specimens AS (SELECT {self._columns} FROM specimens WHERE {condition})"  # noqa: S608 - names of ours
        further = f", {also}" if also else ""
        return f"WITH {table}{further} {select}", wanted.parameters

    async def columns_async(self, select: str) -> list[str]:
        """Return the names of the columns that a SELECT over ``specimens`` answers with."""
        sql, values = self.question(select)
        described = f"SELECT column_name FROM (DESCRIBE {sql})"  # noqa: S608 - made above
        return [str(row[0]) for row in await self._snapshot.fetch_async(described, values)]


class MetricFailedError(LabkeeperError):
    """The code of a plugin failed while it answered; the message names the failure."""


@dataclass(slots=True)
class Turn:
    """How far a question has come that is answered in Python.

    Attributes:
        is_awaited: whether it stands in the queue for a thread.
        begun: called when a thread takes it.
    """

    is_awaited: bool = False
    begun: Callable[[], None] | None = None

    def begin(self) -> None:
        """Note that a thread has taken it; called in the loop."""
        self.is_awaited = False
        if self.begun is not None:
            self.begun()


@dataclass(slots=True, kw_only=True)
class Asked:
    """One question to a metric.

    Attributes:
        specimens: those that are wanted.
        wanted: which specimens.
        now: aware UTC.
        zone: the lab's.
        limits: of turn-around.
        grain: length of buckets, where there are any.
        include_empty: whether buckets without a specimen are wanted.
        valid_until: when the answer changes even if no specimen does, said by the metric while it answers; None for
            never.
        threads: where what is computed in Python runs; of the server, not of the metric.
        turn: of the server, not of the metric.
    """

    specimens: Specimens
    wanted: MetricFilter
    now: datetime
    zone: ZoneInfo
    limits: SlaLimits
    threads: Executor
    grain: Grain = Grain.HOUR
    include_empty: bool = False
    valid_until: datetime | None = None
    turn: Turn = field(default_factory=Turn)


class Metric:
    """A metric. A plugin declares the attributes and either ``sql`` or ``compute``.

    Attributes:
        name: in paths; small letters, digits, ``-`` and ``_``.
        description: one sentence for those who choose among metrics.
        inputs: columns of ``specimens`` that it needs (see :mod:`application.labops.specimen_table`).
        filters_on: the time that ``from`` and ``to`` are held against.
        sql: one SELECT over ``specimens``, which is filtered already and has the columns of ``inputs``. None when the
            metric is computed in Python.
        uses_limits: whether the answer depends on the limits of turn-around.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    filters_on: ClassVar[TimeColumn] = "received_at"
    sql: ClassVar[str | None] = None
    uses_limits: ClassVar[bool] = False

    def compute(self, rows: Sequence[Row], asked: Asked) -> MetricTable:
        """Return the answer for the filtered specimens; called in a thread.

        Args:
            rows: of each specimen the values of ``inputs``, times in UTC without a zone.
        """
        raise NotImplementedError(f"metric {self.name} has neither sql nor compute")

    def _computed(self, rows: Sequence[Row], asked: Asked) -> MetricTable:
        return plain_table(self.compute(rows, asked))

    async def answer_async(self, asked: Asked) -> Any:
        """Answer a question.

        Raises:
            UnavailableError: the table cannot be read.
            TooMuchAskedError: the answer would be too large.
        """
        if self.sql is None:
            rows = await asked.specimens.select_async(
                f"SELECT * FROM specimens LIMIT {MOST_ROWS_IN_PYTHON + 1}"  # noqa: S608 - a number
            )
            if len(rows) > MOST_ROWS_IN_PYTHON:
                raise TooMuchAskedError("from", f"must leave at most {MOST_ROWS_IN_PYTHON} specimens for {self.name}")
            loop = asyncio.get_running_loop()

            def in_its_thread() -> MetricTable:
                loop.call_soon_threadsafe(asked.turn.begin)
                return self._computed(rows, asked)

            asked.turn.is_awaited = True
            return await loop.run_in_executor(asked.threads, in_its_thread)
        select = f"SELECT * FROM ({self.sql.strip().rstrip(';')}\n) LIMIT {MOST_ROWS + 1}"  # noqa: S608 - the engine reads nothing but the table
        found = await asked.specimens.select_async(select)
        if len(found) > MOST_ROWS:
            raise TooMuchAskedError("from", f"must leave {self.name} at most {MOST_ROWS} rows to answer with")
        return plain_table(MetricTable(columns=await asked.specimens.columns_async(select), rows=found))


def plain_table(table: MetricTable) -> MetricTable:
    """Return a table of which every value is text, a number, a boolean, an aware time or None.

    Raises:
        TypeError: it is no table, or a row has not one value for each column.
    """
    if not isinstance(table, MetricTable):
        raise TypeError(f"a metric must answer with a MetricTable, not with a {type(table).__name__}")
    if any(len(row) != len(table.columns) for row in table.rows):
        raise TypeError("each row must have one value for each column")
    return MetricTable(
        columns=[str(column) for column in table.columns], rows=[[_plain(value) for value in row] for row in table.rows]
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else float(value)
    return float(value) if isinstance(value, Decimal) else str(value)
