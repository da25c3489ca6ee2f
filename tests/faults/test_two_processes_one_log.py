"""Two processes write one log; a subscriber reads right behind them."""

import asyncio

from integration.mongo.driver import MongoDriver
from tests.support.hosts import end_process, hosted, start_process
from tests.support.tallies import Listener, TotalsProjector, holes, raw_commits, version_faults

COMMITS = 1_000


async def test_the_log_is_dense_and_ordered_and_a_subscriber_misses_nothing(
    driver: MongoDriver, mongo_uri: str, database_name: str
) -> None:
    listener = Listener()
    async with hosted(driver, subscribers=[listener], projectors=[TotalsProjector()]) as running:
        writers = [
            start_process("tests.support.writer_process", mongo_uri, database_name, name, str(COMMITS)) for name in "AB"
        ]
        try:
            told = [(await asyncio.to_thread(writer.communicate))[0] for writer in writers]
        finally:
            for writer in writers:
                end_process(writer)
        await running.caught_up_async("listener")
        await running.caught_up_async("totals")
        commits = await raw_commits(driver)
        projected = sum(document["events"] for document in (await running.documents_async("totals")).values())
    stored = [event["id"] for commit in commits for event in commit["e"]]
    print(
        f"writers={[line.strip() for line in told]} acked={2 * COMMITS} stored={len(commits)} holes={holes(commits)} "
        f"heard={len(listener.heard)} missed={len(set(stored) - set(listener.heard))} projected={projected}"
    )
    assert all(line.startswith(f"acked {COMMITS}") for line in told)
    assert len(commits) == 2 * COMMITS
    assert holes(commits) == version_faults(commits) == 0
    assert listener.heard == stored, "in the order of the log, each once"
    assert projected == len(stored)
