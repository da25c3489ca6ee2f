"""The real application as a process that a test may kill: ``python -m tests.support.app_process URI DATABASE FOLDER``.

An empty URI means the embedded mongod in FOLDER. Prints ``url <url> <token>`` once it serves.
"""

import asyncio
import sys
from pathlib import Path

from integration.mongo.server.embedded_server import EmbeddedMongoServer
from tests.support.app import running_app, settings_for


async def main(uri: str, database: str, folder: Path) -> None:
    server = EmbeddedMongoServer(folder / "mongo", poll_seconds=0.2) if not uri else None
    settings = settings_for(folder, database, labs={"worker_deadline_seconds": 30})
    async with running_app(await server.start_async() if server else uri, settings) as app:
        print("url", app.url, app.token(), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    if server is not None:
        await server.stop_async()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
