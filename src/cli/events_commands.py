"""``labkeeper events``: facts as they happen, or as they happened."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import typer

from cli.client import API, LabkeeperClient, connect, describe_refusal, follow_lines, nobody_answers
from cli.errors import CommandError
from cli.options import AsJson
from cli.output import print_details, print_json, printable, say
from cli.workers_commands import worker_id_of

group = typer.Typer(help="Facts about workers and labs.", no_args_is_help=True)

Types = Annotated[list[str] | None, typer.Option("--type", help="Only these types, e.g. labs.*; may be repeated.")]
Workers = Annotated[
    list[str] | None, typer.Option("--worker", help="Only this worker: its id, or its name; may be repeated.")
]
_WORKER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@group.command()
def tail(
    types: Types = None,
    workers: Workers = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Everything that happened before, first.")] = False,
    after: Annotated[str | None, typer.Option(help="Go on after the event with this stream id.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print facts as they happen, one per line, until Ctrl-C. With --json one JSON object per line."""
    client = connect()
    workers = [worker_id_of(client, worker) for worker in workers or ()]
    events = _stream(client, types, workers, "start" if from_start else "now", after)
    for number, (place, fact) in enumerate(events, 1):
        if as_json:
            say(json.dumps({**fact, "streamid": place}, ensure_ascii=False))
        else:
            say(printable(f"{fact['time']}  {fact['type']}  {fact['subject']}  {_brief(fact['data'])}"))
        if number == count:
            return


@group.command()
def show(
    event_id: Annotated[str, typer.Argument(help="Id of an event, or of a lab or worker: then all of its events.")],
    as_json: AsJson = False,
) -> None:
    """Show one event, or every event of one lab or worker."""
    found = []
    about = _WORKER.match(event_id)
    workers = [about.group()] if about else None
    events = _stream(connect(), None, workers, "start", None, until_now=True)
    for _place, fact in events:
        if event_id == fact["id"]:
            found = [fact]
            break
        if event_id == fact["subject"]:
            found.append(fact)
    if not found:
        raise CommandError(f"there is no event, lab or worker {event_id}")
    if as_json:
        print_json(found)
        return
    for fact in found:
        print_details(fact)
        say("")


def _stream(
    client: LabkeeperClient,
    types: list[str] | None,
    workers: list[str] | None,
    start: str,
    after: str | None,
    *,
    until_now: bool = False,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return facts with their place in the stream; for ever, or until all that has happened was told."""
    params: dict[str, Any] = {"from": start, "type": types or [], "worker": workers or []}
    if until_now:
        params["until"] = "now"
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
    timeout = httpx.Timeout(10.0, read=60.0)
    try:
        path = f"{API}/events/stream"
        with client.http.stream("GET", path, params=params, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise CommandError(describe_refusal(response))
            for fields, data in follow_lines(response):
                yield fields.get("id", ""), json.loads(data)
    except httpx.ReadTimeout as error:
        raise CommandError("the event stream fell silent") from error
    except httpx.HTTPError as error:
        raise nobody_answers(client.url, error) from error


def _brief(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}..."
