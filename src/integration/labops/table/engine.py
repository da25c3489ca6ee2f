"""DuckDB on a short lead: threads of its own, bounded memory, and questions that can read the table and no more."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from application.kernel.daemon_threads import DaemonThreads
from application.labops.specimen_table import QuestionRefusedError, Row
from domain.kernel.errors import UnavailableError
from integration.labops.table.rows import naive_utc
from integration.labops.table.running_questions import AGAIN_SECONDS, RunningQuestion, RunningQuestions

log = logging.getLogger(__name__)

Connection = duckdb.DuckDBPyConnection
Prepared = Callable[[], Connection]
THREADS = 2
QUESTIONS_AT_ONCE = 3
MOST_CHECKED = 512
LAST_QUESTIONS_SECONDS = 5.0
"""A question that cannot be stopped, as while it is planned, is left behind after that; its thread holds up nothing."""

_FAULTS_OF_QUESTIONS = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
)
"""All else is a failure: what a damaged file makes of DuckDB's reader has many names, its most general error among
them, and ``InvalidInputException``, though that counts as a programming error."""


class EngineFailedError(UnavailableError):
    """The engine could not read its files, or ran out of memory. The message names no file; the log does."""


class Engine:
    """Two databases in memory: one for questions, which reads inside ``folder`` only, one for our own work on files.

    Args:
        folder: where the files of the table are.
        memory_mb: what either database may use before it spills to ``folder``.
        on_failure: called when a question could not be answered, be it for damaged files.
        is_whole: tells whether all files are as they were written; called in a thread.
    """

    def __init__(
        self, folder: Path, memory_mb: int, on_failure: Callable[[], None], is_whole: Callable[[], bool]
    ) -> None:
        self._on_failure = on_failure
        self._is_whole = is_whole
        self._checked: set[str] = set()
        self._working: Connection | None = None
        spill = folder / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": str(THREADS),
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        }
        self._questions = duckdb.connect(":memory:", config=config)
        self._questions.execute(f"SET allowed_directories = [{quoted(str(folder))}]")
        self._questions.execute("SET GLOBAL TimeZone = 'UTC'")
        self._questions.execute("SET enable_external_access = false")
        self._questions.execute("SET lock_configuration = true")
        # One thread keeps the rows of a merged file in order without buffering what another has read ahead.
        self._work = duckdb.connect(":memory:", config={**config, "threads": "1"})
        self._work.execute("SET GLOBAL TimeZone = 'UTC'")
        self._running = RunningQuestions()
        self._askers = DaemonThreads(QUESTIONS_AT_ONCE, "specimen-questions")
        self._workers = ThreadPoolExecutor(1, "specimen-files")

    def open_cursor(self) -> Connection:
        """Return a cursor for questions; what is registered with it is seen by no other."""
        return self._questions.cursor()

    def check_question(self, sql: str) -> None:
        """Refuse what is not exactly one SELECT.

        Raises:
            QuestionRefusedError: it is something else, or cannot be read as SQL.
        """
        if sql in self._checked:
            return
        with translating_failures():
            statements = self._questions.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QuestionRefusedError("a question must be one SELECT")
        if len(self._checked) >= MOST_CHECKED:
            self._checked.clear()
        self._checked.add(sql)

    async def ask_async(
        self,
        open_prepared: Prepared,
        give_back: Callable[[Connection], None],
        sql: str,
        parameters: Mapping[str, Any] | None,
    ) -> list[Row]:
        """Run a SELECT in a thread; a caller that gives up stops it.

        Args:
            open_prepared: returns a cursor that knows the relation; called in the thread.
            give_back: takes the cursor after an answer.

        Raises:
            QuestionRefusedError: it is not one SELECT over what may be read.
            EngineFailedError: the engine could not answer.
        """
        self.check_question(sql)
        question = self._running.begin()

        def ask() -> list[Row]:
            with self._running.until_answered(question):
                with translating_failures():
                    question.run_on(cursor := open_prepared())
                    rows: list[Row] = cursor.execute(sql, bound(parameters)).fetchall()
                question.let_go()
                give_back(cursor)
                return rows

        asking = asyncio.get_running_loop().run_in_executor(self._askers, ask)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.cancel()
            self._stop(question)
            raise
        except EngineFailedError:
            self._on_failure()
            raise
        except QuestionRefusedError as error:
            # A value that cannot be computed with is the question's fault, unless damage made it.
            if isinstance(error.__cause__, duckdb.DataError) and not await asyncio.to_thread(self._is_whole):
                self._on_failure()
                raise EngineFailedError(_told(error.__cause__)) from error
            raise

    def _stop(self, question: RunningQuestion) -> None:
        if self._running.stop(question):
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._stop, question)

    async def work_async(self, work: Callable[[Connection], Any]) -> Any:
        """Run our own work on files in the thread for it, one at a time.

        Raises:
            EngineFailedError: the engine could not do it.
        """

        def run() -> Any:
            cursor = self._working = self._work.cursor()
            try:
                with translating_failures():
                    return work(cursor)
            finally:
                self._working = None
                cursor.close()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, run)
        except EngineFailedError:
            self._on_failure()
            raise

    def interrupt_work(self) -> None:
        """Let the work on files that goes on fail; what is begun afterwards is not touched."""
        working = self._working
        if working is not None:
            working.interrupt()

    def close(self) -> None:
        """Stop the questions that are being answered, let the threads end and close both databases."""
        self._askers.close()
        answered = self._running.stop_all(LAST_QUESTIONS_SECONDS) and self._askers.join(LAST_QUESTIONS_SECONDS)
        self._workers.shutdown(wait=True, cancel_futures=True)
        if answered:
            self._questions.close()
        else:
            log.warning("a question of the specimen table could not be stopped and is left behind")
        self._work.close()


class translating_failures:  # noqa: N801  # read as a word in a with statement
    """Turn DuckDB's errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, _FAULTS_OF_QUESTIONS) and not isinstance(error, duckdb.InvalidInputException):
            raise QuestionRefusedError(_first_line(error)) from error
        if isinstance(error, (OSError, duckdb.Error)):
            if not isinstance(error, duckdb.InterruptException):
                log.warning("specimen_table_gives_no_answer: %s", _first_line(error))
            raise EngineFailedError(_told(error)) from error


def _told(error: BaseException) -> str:
    match error:
        case duckdb.OutOfMemoryException():
            why = "its memory does not suffice"
        case duckdb.InterruptException():
            why = "it was stopped"
        case _:
            why = "what it has to read cannot be read"
    return f"the analytic table gives no answer: {why}"


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0]


def bound(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parameters as the engine takes them: times in UTC without zone."""
    return {name: naive_utc(value) for name, value in (parameters or {}).items()}


def select(columns: str, source: str) -> str:
    """Return a SELECT made of our own words."""
    return " ".join(("SELECT", columns, "FROM", source))


def quoted(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_list(paths: list[Path]) -> str:
    """Return paths as a SQL list of literals."""
    return "[" + ", ".join(quoted(str(path)) for path in paths) + "]"
