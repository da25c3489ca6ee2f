"""The demo: everything on one machine, with three simulated controllers, and what to try first."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx

from cli.configuration import load_settings
from cli.demo_laboratory import open_laboratory_async, work_on_async
from cli.demo_lock import only_demo
from cli.demo_records import add_records_async
from cli.demo_workers import first_refresh_async, register_controllers_async
from cli.forced_end import leave_runaway_threads
from cli.host import RunningLabkeeper, run_until_signal, running_labkeeper
from cli.output import say
from cli.signed_tokens import prepare_data_dir, signed_token
from cli.simulated_chatbots import API_KEY, hand_over_key_async, running_chatbots
from cli.simulated_connect import (
    CLIENT_ID,
    CLIENT_SECRET,
    OPPORTUNITY_ID,
    PASSWORD,
    SESSION_COOKIE,
    USERNAME,
    SimulatedConnect,
    log_in_async,
    running_connect,
)
from cli.simulated_controllers import SimulatedController, StartedControllers, running_controllers
from cli.simulated_teams import ALERTS, STANDUPS, running_teams
from integration.telemetry.logging import configure_logging
from settings import Settings

CONTROLLERS = (
    SimulatedController("cml-eu-1", "eu-west", seed=11, labs=14, step_seconds=12),
    SimulatedController("cml-eu-2", "eu-west", seed=12, labs=9, step_seconds=17),
    SimulatedController("cml-us-1", "us-east", seed=13, labs=12, step_seconds=20),
)
DEFAULTS = {
    "LABKEEPER_LABS_REFRESH_INTERVAL_SECONDS": "15",
    "LABKEEPER_LABOPS_ALERT_INTERVAL_SECONDS": "5",
    "LABKEEPER_LOG_FORMAT": "text",
    "LABKEEPER_LOG_LEVEL": "WARNING",
}
RecordsMode = Literal["local", "remote", "cached"]
TOKEN_LIFE = timedelta(days=30)
ADMIN = "demo-admin"


def run_demo(records: RecordsMode) -> None:
    """Run Labkeeper with three simulated controllers, and print what to try first.

    Args:
        records: where field-program records live; other than ``local`` a simulated Connect is started for them.

    Raises:
        CommandError: a demo runs on this data folder already.
    """
    settings = load_settings({**DEFAULTS, "LABKEEPER_RECORDS_REPOSITORY": records})
    records = settings.records.repository
    # A Connect that the environment names is used as it is: nobody can log in there without a browser.
    simulates_connect = records != "local" and not settings.connect.url
    prepare_data_dir(settings)
    configure_logging(settings.log_format, settings.log_level)

    async def work_async() -> None:
        say("Starting MongoDB, three simulated controllers and Labkeeper ...")
        async with AsyncExitStack() as stack:
            controllers = await stack.enter_async_context(running_controllers(CONTROLLERS, settings.data_dir))
            chatbots, connect, found = None, None, {}
            if not settings.ocs.url:
                chatbots = found["LABKEEPER_OCS_URL"] = await stack.enter_async_context(running_chatbots())
            teams = await stack.enter_async_context(running_teams())
            if not settings.labops.teams_webhook_url:
                found["LABKEEPER_LABOPS_TEAMS_WEBHOOK_URL"] = teams + STANDUPS
            if simulates_connect:
                connect = await stack.enter_async_context(running_connect(settings.data_dir))
                found |= connect.settings
            await _serve_async(load_settings(found), controllers, connect, chatbots, teams)

    with only_demo(settings.data_dir):
        run_until_signal(work_async)
    say("Everything has ended.")
    leave_runaway_threads()


async def _serve_async(
    settings: Settings,
    controllers: StartedControllers,
    connect: SimulatedConnect | None,
    chatbots: str | None,
    teams: str,
) -> None:
    started_at = datetime.now(UTC)
    async with running_labkeeper(settings) as running:
        urls = await controllers.urls_async()
        token = _admin_token(running)
        records: list[str] = []
        async with _client(running.url, token) as client:
            workers = await register_controllers_async(client, CONTROLLERS, urls)
            labs = await first_refresh_async(client, workers, started_at)
            if chatbots is not None:
                await hand_over_key_async(client)
            if settings.records.repository == "local":
                opportunity_id = await add_records_async(client, ADMIN)
                records = _about_records(running.url, f"Authorization: Bearer {token}", opportunity_id)
        if connect is not None:
            cookie = f"Cookie: {SESSION_COOKIE}={await log_in_async(running.url)}"
            records = _about_records(running.url, cookie, OPPORTUNITY_ID) + _about_connect(settings, connect)
        if records and chatbots is not None:
            records += _about_chatbots(chatbots)
        async with _client(running.url, token) as client:
            await open_laboratory_async(client, teams + ALERTS)
            working = asyncio.create_task(work_on_async(client), name="demo-laboratory")
            _tell(running.url, token, labs, records + _about_teams(teams))
            try:
                await running.serve_until_stopped_async()
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)


def _admin_token(running: RunningLabkeeper) -> str:
    seconds = round(TOKEN_LIFE.total_seconds())
    return signed_token(running.settings, running.secrets, "admin", ADMIN, seconds)


def _client(url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=60.0, trust_env=False)


def _about_records(url: str, header: str, opportunity_id: int) -> list[str]:
    return [
        "",
        "For what notes/guides/records.md shows, set in another terminal:",
        f"URL={url}",
        f"auth='{header}'",
        f"OPPORTUNITY={opportunity_id}",
        "",
        "The tasks of a field program with what happened to each, and the records that anybody may read:",
        f"curl -sS -H '{header}' '{url}/api/v1/tasks?opportunity_id={opportunity_id}'",
        f"curl -sS -H '{header}' '{url}/api/v1/records?public=true'",
    ]


def _about_connect(settings: Settings, connect: SimulatedConnect) -> list[str]:
    grant = f"-d grant_type=password -d username={USERNAME} -d password={PASSWORD} -d 'scope=export openid'"
    lines = [
        "",
        f"These are kept in a simulated Connect at {connect.url}, in which {USERNAME} is logged in: the token",
        "above is for everything else. Its users are asha, brian, chidi, dalia and eve, its field workers flw_01",
        f"to flw_40, each with the password {PASSWORD}. A bearer token of one of them, which is good here too:",
        f"curl -sS -u {CLIENT_ID}:{CLIENT_SECRET} {grant} {connect.url}/o/token/",
    ]
    if settings.records.repository == "cached":
        lines.append(f"End it (kill {connect.pid}) and ask again: what was read goes on being answered, with its age.")
    return lines


def _about_chatbots(url: str) -> list[str]:
    return [
        "",
        f"Bots that talk to workers are simulated at {url}. They are:",
        f"curl -sS -H 'X-api-key: {API_KEY}' {url}/api/experiments/",
    ]


def _about_teams(url: str) -> list[str]:
    return [
        "",
        "What it tells Microsoft Teams, that alert too, arrives at a simulated one:",
        f"curl -sS {url}/messages",
    ]


def _tell(url: str, token: str, labs: int, records: list[str]) -> None:
    regions = len({controller.region for controller in CONTROLLERS})
    lines = [
        "",
        f"Labkeeper is ready at {url}",
        f"It keeps {labs} labs of {len(CONTROLLERS)} simulated controllers in {regions} regions.",
        "The dashboard is there too: log in with the token below. A laboratory is at work in it; one of its machines",
        "begins to fail after a minute, which raises an alert that is over by itself a few minutes later.",
        f"The API is described at {url}/api/v1/docs",
        "",
        f"A token for an administrator, good for {TOKEN_LIFE.days} days:",
        token,
        "",
        "Every lab, and everything that happens, from the start and as it goes on:",
        f"curl -sS -H 'Authorization: Bearer {token}' '{url}/api/v1/labs?limit=200'",
        f"curl -sSN -H 'Authorization: Bearer {token}' '{url}/api/v1/events/stream?from=start'",
        *records,
        "",
        "Ctrl-C ends everything. Started again, it finds its data.",
    ]
    say("\n".join(lines))
