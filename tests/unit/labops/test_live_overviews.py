"""However many look at the same overview, it is computed once for each change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from application.labops import live
from application.labops.live import LiveMessage, LiveOverviews
from application.labops.metrics.views import Grain
from application.labops.overview import GlanceView, OverviewQuestion
from domain.kernel.errors import UnavailableError

PATIENCE_SECONDS = 10


class Log:
    """A log and a table that has always caught up."""

    def __init__(self) -> None:
        self.last_seen = 0
        self._grown = asyncio.Event()

    def grow(self) -> None:
        self.last_seen += 1
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def wait_beyond_async(self, position: int, timeout_seconds: float) -> bool:
        if self.last_seen <= position:
            try:
                await asyncio.wait_for(self._grown.wait(), timeout_seconds)
            except TimeoutError:
                return False
        return True

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return self.last_seen >= position


class Computing:
    """Counts how often an overview is computed; its content is the position of the log, unless it stands still."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.times: dict[OverviewQuestion, int] = {}
        self.still = False
        self.broken = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def compute_async(self, question: OverviewQuestion) -> Any:
        await self.may_go_on.wait()
        self.times[question] = self.times.get(question, 0) + 1
        if self.broken:
            raise UnavailableError("the table is not there")
        return View(at=datetime.now(UTC).isoformat(), content=0 if self.still else self.log.last_seen)


class View(dict[str, Any]):
    """Stands for an overview."""


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def computing(log: Log, monkeypatch: pytest.MonkeyPatch) -> Computing:
    monkeypatch.setattr(live, "document_of", lambda view: {**view, "position": 0, "lag": 0})
    return Computing(log)


@asynccontextmanager
async def hub(log: Log, computing: Computing, **options: Any) -> AsyncIterator[LiveOverviews]:
    made = LiveOverviews(computing.compute_async, log, log, **{"wait_seconds": 0.0, **options})  # type: ignore[arg-type]
    await made.start_async()
    yield made
    await made.stop_async()


async def told(stream: AsyncIterator[LiveMessage]) -> LiveMessage:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(stream)


def content(message: LiveMessage) -> Any:
    return orjson.loads(message.body).get("content")


ALL = OverviewQuestion()


async def test_five_hundred_pages_cost_one_computation_for_each_change(log: Log, computing: Computing) -> None:
    async with hub(log, computing) as streams:
        pages = [streams.follow_async(ALL) for _ in range(500)]
        assert {content(await told(page)) for page in pages} == {0}
        assert computing.times[ALL] == 1
        for change in (1, 2, 3):
            log.grow()
            messages = [await told(page) for page in pages]
            assert {content(message) for message in messages} == {change}
        assert computing.times[ALL] == 4
        assert streams.questions == 1


async def test_a_burst_is_shown_in_one_go(log: Log, computing: Computing) -> None:
    async with hub(log, computing, wait_seconds=0.1) as streams:
        page = streams.follow_async(ALL)
        await told(page)
        for _ in range(100):
            log.grow()
        assert content(await told(page)) == 100
        assert computing.times[ALL] == 2


async def test_other_questions_have_other_answers_and_nobody_asks_what_nobody_follows(
    log: Log, computing: Computing
) -> None:
    one, other = OverviewQuestion(assay="CBC"), OverviewQuestion(assay="PCR")
    async with hub(log, computing) as streams:
        first, second = streams.follow_async(one), streams.follow_async(other)
        await told(first)
        await told(second)
        assert streams.questions == 2
        await second.aclose()  # type: ignore[attr-defined]
        assert streams.questions == 1
        log.grow()
        await told(first)
        assert computing.times == {one: 2, other: 1}


async def test_a_page_that_comes_back_is_not_told_what_it_knows(log: Log, computing: Computing) -> None:
    async with hub(log, computing) as streams:
        before = await told(streams.follow_async(ALL))
        page = streams.follow_async(ALL, before.message_id)
        waiting = asyncio.create_task(told(page))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        log.grow()
        assert content(await waiting) == 1


async def test_what_a_slow_page_missed_does_not_keep_the_newest_from_it(log: Log, computing: Computing) -> None:
    async with hub(log, computing, tick_seconds=0.01) as streams:
        slow, quick = streams.follow_async(ALL), streams.follow_async(ALL)
        await told(slow)
        await told(quick)
        log.grow()
        while content(await told(quick)) != 1:
            pass
        while (await told(quick)).kind != "tick":
            pass
        assert content(await told(slow)) == 1


async def test_an_unchanged_overview_is_a_tick_and_an_outage_is_told_and_over_again(
    log: Log, computing: Computing
) -> None:
    async with hub(log, computing) as streams:
        page = streams.follow_async(ALL)
        await told(page)
        computing.still = True
        log.grow()
        assert (await told(page)).kind == "tick"
        computing.broken = True
        log.grow()
        trouble = await told(page)
        assert (trouble.kind, orjson.loads(trouble.body)) == ("trouble", {"detail": "the table is not there"})
        computing.broken = False
        log.grow()
        assert (await told(page)).kind == "tick"


async def test_the_other_read_models_are_looked_at_again_when_they_have_come_along(
    log: Log, computing: Computing
) -> None:
    come = asyncio.Event()

    async def others_async(position: int, seconds: float) -> bool:
        await come.wait()
        return True

    async with hub(log, computing, others=others_async) as streams:
        page = streams.follow_async(ALL)
        await told(page)
        log.grow()
        await told(page)
        come.set()
        assert (await told(page)).kind == "tick"
        assert computing.times[ALL] == 3


async def test_counts_are_told_before_the_whole_is_computed(log: Log, computing: Computing) -> None:
    async def glance_async(question: OverviewQuestion) -> GlanceView:
        now = datetime.now(UTC)
        return GlanceView(at=now, position=1, lag=0, specimens=7, completed=3, failed=1, open=3)

    async with hub(log, computing, glance=glance_async) as streams:
        page = streams.follow_async(ALL)
        assert (await told(page)).kind == "overview"
        computing.may_go_on.clear()
        log.grow()
        first = await told(page)
        assert (first.kind, orjson.loads(first.body)["open"]) == ("glance", 3)
        computing.may_go_on.set()
        then = await told(page)
        assert (then.kind, content(then)) == ("overview", 1)


async def test_too_many_different_questions_are_refused(
    log: Log, computing: Computing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_QUESTIONS", 2)
    async with hub(log, computing) as streams:
        pages = [streams.follow_async(OverviewQuestion(assay=name)) for name in "AB"]
        for page in pages:
            await told(page)
        with pytest.raises(UnavailableError):
            await told(streams.follow_async(ALL))


class Answering:
    """Whether the log answers; counts how often that was asked."""

    def __init__(self) -> None:
        self.answers, self.asked = True, 0

    async def confirm_async(self) -> None:
        self.asked += 1
        if not self.answers:
            raise UnavailableError("no answer")


async def until(stream: AsyncIterator[LiveMessage], kind: str) -> LiveMessage:
    while (message := await told(stream)).kind != kind:
        pass
    return message


async def test_all_are_told_while_the_log_does_not_answer_and_when_it_does_again(
    log: Log, computing: Computing
) -> None:
    database = Answering()
    async with hub(log, computing, confirm=database.confirm_async) as streams:
        pulse = streams._pulse
        assert pulse is not None
        pulse._beat_seconds, pulse._patience_seconds = 0.02, 0.1
        pages = [streams.follow_async(OverviewQuestion(assay=name)) for name in "AB"]
        assert [(await told(page)).kind for page in pages] == ["overview"] * 2
        loop = asyncio.get_running_loop()
        before, began = database.asked, loop.time()
        while database.asked - before <= 10:  # noqa: ASYNC110  what is waited for tells no event
            await asyncio.sleep(0.01)
        assert database.asked - before <= (loop.time() - began) / 0.02 + 2, "one question for all pages"
        database.answers = False
        assert "no answer" in (await until(pages[0], "trouble")).body
        await until(pages[1], "trouble")
        log.grow()
        late = streams.follow_async(OverviewQuestion(assay="A"))
        assert [(await told(late)).kind for _ in range(2)] == ["overview", "trouble"], "old, and said to be"
        new = streams.follow_async(OverviewQuestion(assay="C"))
        assert (await told(new)).kind == "trouble"
        assert (await told(pages[0])).kind == "trouble"
        database.answers = True
        assert (await until(pages[0], "overview")).message_id
        await until(new, "overview")
        for page in (*pages, late, new):
            await page.aclose()  # type: ignore[attr-defined]
        asked = database.asked
        await asyncio.sleep(0.1)
        assert database.asked == asked, "nobody looks"


async def test_a_short_silence_of_the_log_is_no_trouble(log: Log, computing: Computing) -> None:
    database = Answering()
    async with hub(log, computing, confirm=database.confirm_async) as streams:
        assert streams._pulse is not None
        streams._pulse._beat_seconds = 0.02
        page = streams.follow_async(ALL)
        await told(page)
        database.answers = False
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(page)


def test_a_window_begins_with_a_whole_hour_and_chooses_the_grain() -> None:
    now = datetime(2026, 3, 1, 12, 40, tzinfo=ZoneInfo("Europe/Berlin"))
    day = OverviewQuestion(window=timedelta(hours=24))
    assert day.filter_at(now).from_ == datetime(2026, 2, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert day.grain_at(now) is Grain.HOUR
    assert OverviewQuestion(window=timedelta(days=7)).grain_at(now) is Grain.DAY
    assert OverviewQuestion().grain_at(now) is Grain.DAY
