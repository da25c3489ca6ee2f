"""A process that is killed while it delivers: nothing is lost, the order stays, and what was in flight comes again."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from integration.mongo.driver import MongoDriver
from tests.support.jobs import eventually
from tests.support.webhooks import FERNET_KEY, Answer, Received, Receiver, machinery

ROOT = Path(__file__).resolve().parents[3]


async def a_process(uri: str, database: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.webhook_process", uri, database, FERNET_KEY),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while await process.stdout.readline() != b"ready\n":
            assert process.returncode is None
    return process


async def test_what_was_in_flight_at_a_kill_is_sent_again_by_the_next_process(
    driver: MongoDriver, mongo_uri: str, database_name: str, receiver: Receiver
) -> None:
    held = asyncio.Event()

    async def answer(received: Received) -> Answer:
        if received.event["id"] == "w1.l1.2" and not held.is_set():
            held.set()
            await asyncio.sleep(600)
        return 200, {}, b""

    receiver.answer = answer
    first = await a_process(mongo_uri, database_name)
    second: asyncio.subprocess.Process | None = None
    try:
        async with machinery(driver, started=False) as here:
            webhook = await here.register(receiver.url)
            await asyncio.sleep(1.2)
            for version in (1, 2, 3):
                await here.happen("w1.l1", version)
            await asyncio.wait_for(held.wait(), 60)
            first.send_signal(signal.SIGKILL)
            await first.wait()
            second = await a_process(mongo_uri, database_name)

            async def all_arrived() -> bool:
                return [one.status for one in await here.deliveries(webhook)] == ["delivered"] * 3

            await eventually(all_arrived, 90)
        assert receiver.events() == ["w1.l1.1", "w1.l1.2", "w1.l1.2", "w1.l1.3"]
        ids = [received.headers["webhook-id"] for received in receiver.received]
        assert ids[1] == ids[2]
        assert len(set(ids)) == 3
    finally:
        for process in (first, second):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
