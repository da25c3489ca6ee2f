"""The whole application on a real MongoDB, served by a real server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from api.kernel.authorization import Role
from api.kernel.shutdown import LabkeeperServer
from api.kernel.tokens import mint_token
from integration.installation_secrets import InstallationSecrets, installation_secrets
from integration.telemetry.telemetry import Telemetry
from main import build_app
from settings import LabsSettings, Settings


@dataclass
class RunningApp:
    """A served application and what a test needs to talk to it."""

    url: str
    app: FastAPI
    secrets: InstallationSecrets
    settings: Settings

    def token(self, role: Role = Role.ADMIN, subject: str = "tester", ttl_seconds: int = 3600) -> str:
        return mint_token(self.secrets.jwt_secret, role, subject, ttl_seconds)

    def client(self, role: Role = Role.ADMIN, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60.0, verify=False, **options)

    def service(self, kind: Any) -> Any:
        return self.app.state.services.get_required_service(kind)


def settings_for(data_dir: Path, database: str, driver: str = "motor", labs: dict[str, Any] | None = None) -> Settings:
    """Return settings that do not read the environment's database."""
    settings = Settings(data_dir=data_dir, mongodb_database=database, mongodb_driver=driver, log_format="text")
    settings.__dict__["labs"] = LabsSettings(**(labs or {}))
    return settings


@asynccontextmanager
async def running_app(uri: str, settings: Settings, **options: Any) -> AsyncIterator[RunningApp]:
    """Serve the application until the block ends."""
    secrets = installation_secrets(settings)
    telemetry = options.pop("telemetry", None) or Telemetry("test")
    telemetry.start()
    app = build_app(settings, uri, secrets, telemetry, **options)
    server = LabkeeperServer(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, lifespan="on", access_log=False, proxy_headers=False
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise RuntimeError("the application ended while it was starting")
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield RunningApp(f"http://127.0.0.1:{port}", app, secrets, settings)
    finally:
        server.should_exit = True
        try:
            await serving
        finally:
            telemetry.shutdown()
