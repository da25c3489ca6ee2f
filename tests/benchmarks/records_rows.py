"""Records: lists and writes through us against the simulated system of record, refreshes, and a search in a million."""

import time
from contextlib import AsyncExitStack

from domain.records.conditions import Condition, RecordFilter
from domain.records.values import RecordScope
from tests.benchmarks.measuring import Reading as Figures
from tests.benchmarks.measuring import Row, Side, alternating, percentile
from tests.benchmarks.records_material import OPPORTUNITY, READER, Reading, filled_async, reading
from tests.benchmarks.records_refresh import refresh_unchanged
from tests.benchmarks.records_served import list_latency, list_rate, write_latency

MANY, FEW, IN_A_GROUP, SEARCHES = 1_000_000, 1_000, 10, 100


async def _find(uri: str) -> Figures:
    """Look for ten tasks among a million, and among a thousand, of one opportunity.

    The million is written in bulk, once for all runs; the documents and the indexes are the product's. Every search of
    a round is for something else, with nothing remembered of the rounds before.
    """
    async with AsyncExitStack() as stack:

        async def searches(count: int) -> Side:
            database = await filled_async(uri, count, count // IN_A_GROUP)
            opened = await stack.enter_async_context(reading(uri, database))
            return lambda: _searched(opened, count // IN_A_GROUP)

        few, many = await searches(FEW), await searches(MANY)
        return await alternating(many, few, rounds=9, warm_up=2)


async def _searched(opened: Reading, groups: int) -> float:
    """Search for a hundred groups that lie evenly over all of them; return the median in ms."""
    records = opened.repository()
    durations = []
    for group in range(0, groups, groups // SEARCHES):
        wanted = RecordFilter(
            (
                Condition("experiment", "tasks"),
                Condition("type", "Task"),
                Condition("data", f"case-{group}", path=("case_id",)),
            )
        )
        started = time.perf_counter()
        found = await records.find_async(READER, RecordScope(opportunity_id=OPPORTUNITY), wanted, limit=101)
        durations.append(time.perf_counter() - started)
        assert len(found.records) == IN_A_GROUP
    return percentile(durations, 0.5) * 1000


ROWS = (
    Row("records_list_cached_vs_bare_fastapi", 0.5, "higher", "requests/s", list_rate),
    Row("records_list_cached_vs_remote", 0.7, "lower", "ms", list_latency),
    Row("records_write_through_vs_remote", 1.5, "lower", "ms", write_latency),
    Row("records_refresh_unchanged_vs_fetch_only", 1.3, "lower", "s", refresh_unchanged),
    Row("records_find_in_million_vs_thousand", 1.5, "lower", "ms", _find),
)
