"""One process that queues and delivers: ``python -m tests.support.webhook_process URI DATABASE FERNET_KEY``.

Says ``ready`` and runs until it is killed. Leases are short, so that a successor does not wait for long, and long
enough for a busy machine.
"""

import asyncio
import sys

from integration.mongo.driver import open_driver
from integration.mongo.subscriptions import held_reader
from tests.support.webhooks import machinery


async def main(uri: str, database: str, key: str) -> None:
    held_reader.LEASE_SECONDS = 8.0
    held_reader.CANDIDATE_PAUSE_SECONDS = 0.2
    async with machinery(open_driver("motor", uri, database), keys=key):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
