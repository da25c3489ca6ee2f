"""A small laboratory that works while the demo runs: specimens arrive, machines work on them, one fails for a while.

It is quick, so that something is to be seen within minutes: a result takes some five minutes, and ten are promised. All
of it goes over Labkeeper's own API.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import structlog

from cli.demo_workers import DemoError

log = structlog.get_logger(__name__)

ASSAYS = ("CBC", "Chem7", "PCR")
MACHINES = ("M1", "M2", "M3", "M4", "M5")
OPERATORS = tuple(f"O{number}" for number in range(1, 21))
ERROR_CODES = ("E01", "E02", "E03", "E04", "E05")
PAST = timedelta(hours=2)
ARRIVAL_SECONDS = 1.0
MEDIAN_SECONDS = {"CBC": 180.0, "Chem7": 270.0, "PCR": 400.0}
PROMISED_HOURS = 1 / 6
ERROR_RATE = 0.03
READINGS_AT_ONCE = 1_000

TROUBLED = "M3"
TROUBLE_EVERY = timedelta(minutes=6)
TROUBLE_BEGINS = timedelta(seconds=60)
TROUBLE_ENDS = timedelta(seconds=150)
RULE = {
    "name": f"{TROUBLED} fails too often",
    "metric": "error_rate",
    "operator": ">",
    "threshold": 0.3,
    "clear_threshold": 0.1,
    "window": "PT90S",
    "cool_down": "PT1M",
    "filters": {"machine_id": TROUBLED},
    "active": True,
}
CHANNEL = "Simulated Teams"


@dataclass(slots=True)
class _Underway:
    """A specimen in the laboratory, and what will become of it when."""

    said: dict[str, Any]
    starts_at: datetime
    ends_at: datetime
    error_code: str | None

    def reading(self, now: datetime) -> dict[str, Any]:
        """Return what is known of it at a time."""
        if now >= self.ends_at:
            status = "COMPLETED" if self.error_code is None else "ERROR"
            ended = {"processed_at": self.ends_at.isoformat()} if self.error_code is None else {}
            return {**self.said, "status": status, "error_code": self.error_code, **self._started(), **ended}
        if now >= self.starts_at:
            return {**self.said, "status": "IN_PROCESS", **self._started()}
        return {**self.said, "status": "RECEIVED"}

    def _started(self) -> dict[str, str]:
        return {"started_at": self.starts_at.isoformat()}


class Laboratory:
    """Specimens on their way through five machines.

    Args:
        began_at: when the demo began; the trouble is counted from there.
        seed: of everything that is left to chance.
        last_arrival: of an earlier demo; None when there was none.
        left_behind: specimens of an earlier demo that have no result. They go on: nobody told of them meanwhile, and
            the laboratory worked all the same.
    """

    def __init__(
        self,
        began_at: datetime,
        seed: int,
        last_arrival: datetime | None = None,
        left_behind: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._began_at = began_at
        self._chance = random.Random(seed)  # noqa: S311  nothing secret
        self._underway: list[_Underway] = []
        self._told: dict[str, str] = {}
        self._arrived_until = max(began_at - PAST, last_arrival or began_at - PAST)
        for specimen in left_behind:
            self._underway.append(self._taken_up(specimen))
            self._told[specimen["specimen_id"]] = specimen["status"]

    def readings_until(self, now: datetime) -> list[dict[str, Any]]:
        """Let time pass up to ``now``; return what is new, in order."""
        while self._arrived_until + timedelta(seconds=ARRIVAL_SECONDS) <= now:
            self._arrived_until += timedelta(seconds=ARRIVAL_SECONDS)
            self._underway.append(self._arrival(self._arrived_until))
        news = []
        for one in self._underway:
            reading = one.reading(now)
            specimen_id, status = reading["specimen_id"], reading["status"]
            if self._told.get(specimen_id) != status:
                self._told[specimen_id] = status
                news.append(reading)
        for one in self._underway:
            if now >= one.ends_at:
                del self._told[one.said["specimen_id"]]
        self._underway = [one for one in self._underway if now < one.ends_at]
        return news

    def _arrival(self, at: datetime) -> _Underway:
        chance = self._chance
        assay = chance.choice(ASSAYS)
        machine = chance.choice(MACHINES)
        seconds = MEDIAN_SECONDS[assay] * chance.lognormvariate(0.0, 0.3)
        starts_at = at + timedelta(seconds=round(seconds * chance.uniform(0.3, 0.6), 3))
        error_code = chance.choice(ERROR_CODES) if chance.random() < ERROR_RATE else None
        if machine == TROUBLED and self._in_trouble(at) and chance.random() < 0.8:
            # What a machine in trouble refuses, it refuses at once.
            seconds, starts_at, error_code = chance.uniform(3, 8), at + timedelta(seconds=1), "E03"
        said = {
            "specimen_id": _id_at(at),
            "assay": assay,
            "machine_id": machine,
            "operator_id": chance.choice(OPERATORS),
            "received_at": at.isoformat(),
        }
        return _Underway(said, starts_at, at + timedelta(seconds=round(seconds, 3)), error_code)

    def _taken_up(self, specimen: dict[str, Any]) -> _Underway:
        received_at = datetime.fromisoformat(specimen["received_at"])
        going_on = self._arrival(received_at)
        going_on.said = {name: specimen[name] for name in going_on.said}
        if specimen["started_at"] is not None:
            going_on.starts_at = datetime.fromisoformat(specimen["started_at"])
            going_on.ends_at = max(going_on.ends_at, going_on.starts_at + timedelta(seconds=ARRIVAL_SECONDS))
        return going_on

    def _in_trouble(self, at: datetime) -> bool:
        since = (at - self._began_at) % TROUBLE_EVERY
        return at >= self._began_at and TROUBLE_BEGINS <= since < TROUBLE_ENDS


def _id_at(received_at: datetime) -> str:
    return f"SP{int(received_at.timestamp() * 1000)}"


def is_ours(specimen: dict[str, Any]) -> bool:
    """Whether a specimen is one of the demo's: those that people bring are theirs to work on."""
    return bool(specimen["specimen_id"] == _id_at(datetime.fromisoformat(specimen["received_at"])))


async def open_laboratory_async(client: httpx.AsyncClient, teams_url: str) -> None:
    """Promise results within ten minutes, and have an alert raised and told when one machine fails too often.

    Args:
        teams_url: of a workflow; a demo that was here before had it somewhere else.
    """
    await _answer_async(client, "PUT", "/sla-limits", {"default_hours": PROMISED_HOURS, "by_assay": {}})
    channel_id = await _channel_async(client, teams_url)
    known = (await _answer_async(client, "GET", "/alert-rules"))["items"]
    rule = next((rule for rule in known if rule["name"] == RULE["name"]), None)
    if rule is None:
        await _answer_async(client, "POST", "/alert-rules", {**RULE, "channels": [channel_id]})
    elif channel_id not in rule["channels"]:
        channels = [*rule["channels"], channel_id]
        await _answer_async(client, "PATCH", f"/alert-rules/{rule['rule_id']}", {"channels": channels})
    await _answer_async(client, "POST", f"/alert-channels/{channel_id}/test")


async def _channel_async(client: httpx.AsyncClient, url: str) -> str:
    known = (await _answer_async(client, "GET", "/alert-channels"))["items"]
    channel = next((channel for channel in known if channel["name"] == CHANNEL), None)
    if channel is None:
        made = {"name": CHANNEL, "kind": "teams_workflow", "url": url}
        channel = await _answer_async(client, "POST", "/alert-channels", made)
    else:
        await _answer_async(client, "PATCH", f"/alert-channels/{channel['channel_id']}", {"url": url})
    return str(channel["channel_id"])


async def work_on_async(client: httpx.AsyncClient) -> None:
    """Send what happens in the laboratory, second by second, until cancelled; begin with its last two hours."""
    began_at = datetime.now(UTC).replace(microsecond=0)
    last_arrival, left_behind = await _left_behind_async(client)
    laboratory = Laboratory(began_at, int(began_at.timestamp()), last_arrival, left_behind)
    waiting: list[dict[str, Any]] = []
    while True:
        waiting += laboratory.readings_until(datetime.now(UTC))
        try:
            while waiting:
                await _answer_async(client, "POST", "/specimens/bulk", {"items": waiting[:READINGS_AT_ONCE]})
                del waiting[:READINGS_AT_ONCE]
        except (httpx.HTTPError, DemoError) as error:
            # A reading sent twice changes nothing, so all of it is sent again.
            log.warning("laboratory_not_heard", error=str(error))
        await asyncio.sleep(ARRIVAL_SECONDS)


async def _left_behind_async(client: httpx.AsyncClient) -> tuple[datetime | None, list[dict[str, Any]]]:
    """Return the last arrival of an earlier demo, and what was under way when it ended."""
    newest = (await _answer_async(client, "GET", "/specimens?limit=200&specimen_id_prefix=SP"))["items"]
    last = next((specimen for specimen in newest if is_ours(specimen)), None)
    left_behind = []
    for status in ("RECEIVED", "IN_PROCESS"):
        path: str | None = f"/specimens?limit=200&status={status}"
        while path is not None:
            page = await _answer_async(client, "GET", path)
            left_behind += [specimen for specimen in page["items"] if is_ours(specimen)]
            following = page["next_cursor"]
            path = following and f"/specimens?limit=200&status={status}&cursor={following}"
    return datetime.fromisoformat(last["received_at"]) if last else None, left_behind


async def _answer_async(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, path, json=body)
    if not answer.is_success:
        raise DemoError(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
    return answer.json()
