"""Serves the product, or one bare route, with the same server settings.

``python -m tests.benchmarks.server_process app <mongodb uri> <database> <data folder>``
``python -m tests.benchmarks.server_process bare <file with the answer>``
"""

import asyncio
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response

from api.kernel.shutdown import LabkeeperServer
from integration.garbage_collection import calm_the_collector
from integration.installation_secrets import installation_secrets
from integration.telemetry.telemetry import Telemetry
from main import build_app
from tests.support.app import settings_for


def bare_app(body: bytes) -> FastAPI:
    """Return an application whose only route answers with these bytes."""
    app = FastAPI()

    @app.get("/labs")
    async def labs() -> Response:
        return Response(body, media_type="application/json")

    return app


async def serve() -> None:
    if sys.argv[1] == "bare":
        app = bare_app(Path(sys.argv[2]).read_bytes())
    else:
        settings = settings_for(Path(sys.argv[4]), sys.argv[3])
        telemetry = Telemetry("benchmark")
        telemetry.start()
        app = build_app(settings, sys.argv[2], installation_secrets(settings), telemetry)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        log_level="warning",
        proxy_headers=False,  # as the product is served
    )
    server = LabkeeperServer(config)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn only sets a flag
        await asyncio.sleep(0.01)
    calm_the_collector()
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    config = uvicorn.Config("", log_config=None)
    config.setup_event_loop()
    asyncio.run(serve())
