"""A small app process on an embedded server: prints what happens, ends in order when its input closes.

Run as ``python -m tests.support.embedded_app <data folder>``; prints ``uri <uri>`` once mongod answers and ``stopped``
at its end.
"""

import asyncio
import sys
from pathlib import Path

from integration.mongo.server.embedded_server import EmbeddedMongoServer


async def serve_async(data_dir: Path) -> None:
    server = EmbeddedMongoServer(data_dir, poll_seconds=0.2)
    print("uri", await server.start_async(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop_async()
    print("stopped", flush=True)


if __name__ == "__main__":
    asyncio.run(serve_async(Path(sys.argv[1])))
