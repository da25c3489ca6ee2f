"""The demo: everything on one machine, with three simulated controllers, and what to try first."""

from datetime import UTC, datetime, timedelta

import httpx

from cli.configuration import load_settings
from cli.demo_records import add_records_async
from cli.demo_workers import first_refresh_async, register_controllers_async
from cli.host import RunningLabkeeper, run_until_signal, running_labkeeper
from cli.output import say
from cli.signed_tokens import prepare_data_dir, signed_token
from cli.simulated_controllers import SimulatedController, running_controllers
from integration.telemetry.logging import configure_logging

CONTROLLERS = (
    SimulatedController("cml-eu-1", "eu-west", seed=11, labs=14, step_seconds=12),
    SimulatedController("cml-eu-2", "eu-west", seed=12, labs=9, step_seconds=17),
    SimulatedController("cml-us-1", "us-east", seed=13, labs=12, step_seconds=20),
)
DEFAULTS = {
    "LABKEEPER_LABS_REFRESH_INTERVAL_SECONDS": "15",
    "LABKEEPER_LOG_FORMAT": "text",
    "LABKEEPER_LOG_LEVEL": "WARNING",
}
TOKEN_LIFE = timedelta(days=30)
ADMIN = "demo-admin"


def run_demo() -> None:
    """Run Labkeeper with three simulated controllers, and print what to try first."""
    settings = load_settings(DEFAULTS)
    prepare_data_dir(settings)
    configure_logging(settings.log_format, settings.log_level)

    async def work_async() -> None:
        started_at = datetime.now(UTC)
        say("Starting MongoDB, three simulated controllers and Labkeeper ...")
        async with (
            running_controllers(CONTROLLERS, settings.data_dir) as controllers,
            running_labkeeper(settings) as running,
        ):
            urls = await controllers.urls_async()
            token = _admin_token(running)
            async with _client(running.url, token) as client:
                workers = await register_controllers_async(client, CONTROLLERS, urls)
                labs = await first_refresh_async(client, workers, started_at)
                has_own_records = settings.records.repository == "local"
                opportunity_id = await add_records_async(client, ADMIN) if has_own_records else None
            _tell(running.url, token, labs, opportunity_id)
            await running.serve_until_stopped_async()

    run_until_signal(work_async)
    say("Everything has ended.")


def _admin_token(running: RunningLabkeeper) -> str:
    seconds = round(TOKEN_LIFE.total_seconds())
    return signed_token(running.settings, running.secrets, "admin", ADMIN, seconds)


def _client(url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=60.0, trust_env=False)


def _tell(url: str, token: str, labs: int, opportunity_id: int | None) -> None:
    regions = len({controller.region for controller in CONTROLLERS})
    lines = [
        "",
        f"Labkeeper is ready at {url}",
        f"It keeps {labs} labs of {len(CONTROLLERS)} simulated controllers in {regions} regions.",
        f"The API is described at {url}/api/v1/docs",
        "",
        f"A token for an administrator, good for {TOKEN_LIFE.days} days:",
        token,
        "",
        "Every lab, and everything that happens, from the start and as it goes on:",
        f"curl -sS -H 'Authorization: Bearer {token}' '{url}/api/v1/labs?limit=200'",
        f"curl -sSN -H 'Authorization: Bearer {token}' '{url}/api/v1/events/stream?from=start'",
    ]
    if opportunity_id is not None:
        lines += [
            "",
            "The tasks of a field program with what happened to each, and the records that anybody may read:",
            f"curl -sS -H 'Authorization: Bearer {token}' '{url}/api/v1/tasks?opportunity_id={opportunity_id}'",
            f"curl -sS -H 'Authorization: Bearer {token}' '{url}/api/v1/records?public=true'",
        ]
    say("\n".join([*lines, "", "Ctrl-C ends everything. Started again, it finds its data."]))
