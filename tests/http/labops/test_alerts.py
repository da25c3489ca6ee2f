"""Alerts end to end: rules, evaluation, messages to a simulated Teams, and what people do about them."""

import asyncio
import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from neuroglia.hosting.abstractions import HostedService

from api.kernel.authorization import Role
from application.labops.alerts.sending import NotificationSchedule
from domain.labops.alert_repositories import AlertChannelRepository
from integration.labops.alert_notification_worker import AlertNotificationWorker
from integration.labops.teams_sender import TeamsSender
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, assert_problem, eventually, served
from tests.support.teams import TeamsSimulator
from tests.support.webhooks import receiving

RULES, CHANNELS, ALERTS = f"{API}/alert-rules", f"{API}/alert-channels", f"{API}/alerts"


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Served]:
    with served(shared_mongod, Path(tmp_path_factory.mktemp("alerts")), clock=clock) as running:
        hosted = running.running.app.state.services.get_services(HostedService)
        [worker] = [one for one in hosted if isinstance(one, AlertNotificationWorker)]
        worker._schedule = NotificationSchedule(first_seconds=0.05, cap_seconds=0.2, most_tries=4)
        worker._poll_seconds = 0.05
        assert isinstance(worker._sender, TeamsSender)
        worker._sender._client._deadline_seconds = 1.0
        yield running


@pytest.fixture(scope="module")
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.ADMIN) as client:
        yield client


@pytest.fixture(scope="module")
def simulator() -> Iterator[TeamsSimulator]:
    with TeamsSimulator() as one:
        yield one


@pytest.fixture
def teams(simulator: TeamsSimulator) -> Iterator[TeamsSimulator]:
    simulator.behaves()
    yield simulator
    simulator.behaves()


def rule(**fields: Any) -> dict[str, Any]:
    return {
        "name": "errors",
        "metric": "error_rate",
        "operator": ">",
        "threshold": 0.5,
        "clear_threshold": 0.3,
        "window": "PT1H",
        "cool_down": "PT0S",
        **fields,
    }


def made(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def channel(http: httpx.Client, teams: TeamsSimulator, name: str, kind: str = "teams_workflow", **more: Any) -> str:
    folder = "legacy" if kind == "teams_legacy" else "workflows"
    body = {"name": name, "kind": kind, "url": f"{teams.url}/{folder}/{name}?sig=top-secret", **more}
    return str(made(http, CHANNELS, body)["channel_id"])


def specimens(http: httpx.Client, clock: MovableClock, assay: str, good: int = 0, bad: int = 0) -> None:
    at = clock.now() - timedelta(minutes=10)
    rows = [
        {
            "specimen_id": f"{assay}{at.timestamp():.3f}{status[0]}{number}",
            "assay": assay,
            "machine_id": "M1",
            "operator_id": "O1",
            "status": status,
            "received_at": at.isoformat(),
            **({"processed_at": (at + timedelta(minutes=5)).isoformat()} if status == "COMPLETED" else {}),
        }
        for status, count in (("COMPLETED", good), ("ERROR", bad))
        for number in range(count)
    ]
    answer = http.post(f"{API}/specimens/bulk", json={"items": rows})
    assert answer.is_success, answer.text


def evaluated(http: httpx.Client, one: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(f"{RULES}/{one['rule_id']}/evaluate")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def notifications(http: httpx.Client, channel_id: str, *statuses: str) -> list[dict[str, Any]]:
    """Wait until a channel's notifications stand so, oldest first."""

    def settled() -> list[dict[str, Any]] | None:
        items = http.get(f"{CHANNELS}/{channel_id}/notifications").json()["items"][::-1]
        return items if [one["status"] for one in items] == list(statuses) else None

    if not statuses:
        return http.get(f"{CHANNELS}/{channel_id}/notifications").json()["items"]  # type: ignore[no-any-return]
    try:
        return eventually(settled, f"notifications {statuses}", 20)
    except AssertionError as error:
        items = http.get(f"{CHANNELS}/{channel_id}/notifications").json()["items"]
        raise AssertionError([(one["status"], one["attempts"], one["next_attempt_at"]) for one in items]) from error


def test_an_alert_is_raised_told_acknowledged_and_resolved(
    http: httpx.Client, teams: TeamsSimulator, clock: MovableClock
) -> None:
    to = [channel(http, teams, "flow"), channel(http, teams, "old", "teams_legacy")]
    one = made(http, RULES, rule(channels=to, filters={"assay": "LIFE"}))
    assert (one["operator"], one["window"], one["last_evaluation"]) == ("gt", "PT1H", None)
    assert evaluated(http, one)["outcome"] == "no_data"
    specimens(http, clock, "LIFE", good=1, bad=3)
    raised = evaluated(http, one)
    assert (raised["outcome"], raised["value"], raised["specimens"]) == ("raised", 0.75, 4)
    assert evaluated(http, one)["outcome"] == "standing"
    alert = http.get(f"{ALERTS}/{raised['alert_id']}").json()
    assert (alert["status"], alert["severity"], alert["messages"]) == ("open", "MEDIUM", 1)
    assert http.get(f"{RULES}/{one['rule_id']}").json()["last_evaluation"]["outcome"] == "standing"

    card = notifications(http, to[0], "delivered")[0]
    [flow] = teams.messages("/flow")
    assert json.loads(card["body"]) == flow["message"]
    content = flow["message"]["attachments"][0]["content"]
    assert (content["type"], content["body"][0]["text"]) == ("AdaptiveCard", "Error Rate Alert")
    notifications(http, to[1], "delivered")
    [old] = teams.messages("/old")
    assert old["message"]["themeColor"] == "FF0000"
    facts = {fact["name"]: fact["value"] for fact in old["message"]["sections"][0]["facts"]}
    assert (facts["Errors"], facts["Top Assays"], facts["Value"]) == ("3", "LIFE(3)", "75.0%")

    seen = http.post(f"{ALERTS}/{raised['alert_id']}/acknowledge", json={"note": "M1 is broken"}).json()
    assert (seen["status"], seen["acknowledged_by"], seen["note"]) == ("acknowledged", "tester", "M1 is broken")
    assert http.post(f"{ALERTS}/{raised['alert_id']}/acknowledge").json()["note"] == "M1 is broken"

    specimens(http, clock, "LIFE", good=16)
    assert evaluated(http, one)["outcome"] == "resolved"
    assert evaluated(http, one)["outcome"] == "fine"
    notifications(http, to[0], "delivered", "delivered")
    resolved = http.get(ALERTS, params={"rule_id": one["rule_id"]}).json()["items"]
    assert [(item["status"], item["worst_value"], item["value"]) for item in resolved] == [("resolved", 0.75, 0.15)]
    assert_problem(http.post(f"{ALERTS}/nobody/acknowledge"), 404)


def test_how_bad_an_alert_was_at_its_worst_is_known_when_it_has_ended(http: httpx.Client, clock: MovableClock) -> None:
    one = made(http, RULES, rule(filters={"assay": "WORST"}))
    specimens(http, clock, "WORST", good=1, bad=9)
    path = f"{ALERTS}/{evaluated(http, one)['alert_id']}"
    clock.advance(1)
    specimens(http, clock, "WORST", good=5)
    assert evaluated(http, one)["outcome"] == "updated"
    clock.advance(1)
    specimens(http, clock, "WORST", good=20)
    assert evaluated(http, one)["outcome"] == "resolved"
    ended = http.get(path).json()
    assert (ended["worst_value"], ended["severity"], ended["worst_severity"]) == (0.9, "MEDIUM", "HIGH")


def test_between_two_messages_lies_the_cool_down(
    http: httpx.Client, teams: TeamsSimulator, clock: MovableClock
) -> None:
    to = channel(http, teams, "cool")
    one = made(http, RULES, rule(channels=[to], filters={"assay": "COOL"}, cool_down="PT30M", window="P2D"))
    specimens(http, clock, "COOL", good=1, bad=2)
    assert evaluated(http, one)["outcome"] == "raised"
    specimens(http, clock, "COOL", bad=1)
    assert evaluated(http, one)["outcome"] == "updated"
    specimens(http, clock, "COOL", bad=1)
    assert evaluated(http, one)["outcome"] == "updated"
    notifications(http, to, "delivered")
    clock.advance(1801)
    assert evaluated(http, one)["outcome"] == "standing"
    last = notifications(http, to, "delivered", "delivered")[-1]
    assert last["about"] == "updated"
    clock.advance(1801)
    assert evaluated(http, one)["outcome"] == "standing"
    assert len(notifications(http, to)) == 2


def test_whatever_is_thrown_at_it_a_state_is_told_once(
    http: httpx.Client,
    teams: TeamsSimulator,
    clock: MovableClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    cases: dict[str, tuple[str, dict[str, Any], str, int]] = {
        "throttled": ("teams_workflow", {"throttled": 2}, "delivered", 3),
        "throttledold": ("teams_legacy", {"throttled": 2}, "delivered", 3),
        "failing": ("teams_workflow", {"failing": 2}, "delivered", 3),
        "slow": ("teams_workflow", {"slow_seconds": 3.0}, "unconfirmed", 1),
        "lost": ("teams_legacy", {"drops": 1}, "unconfirmed", 1),
        "gone": ("teams_workflow", {"status": 404}, "parked", 1),
        "refusedold": ("teams_legacy", {"says": "Summary or Text is required."}, "parked", 1),
        "broken": ("teams_workflow", {"status": 503}, "parked", 4),
    }
    specimens(http, clock, "FAULT", bad=2)
    for name, (kind, manner, status, tries) in cases.items():
        teams.behaves(**manner)
        to = channel(http, teams, name, kind)
        one = made(http, RULES, rule(channels=[to], filters={"assay": "FAULT"}))
        assert evaluated(http, one)["outcome"] == "raised"
        [sent] = notifications(http, to, status)
        assert sent["attempts_made"] == tries, name
        told = 0 if status == "parked" else 1
        assert len(teams.messages(f"/{name}")) == told, name
    teams.behaves()
    again = http.post(f"{CHANNELS}/{to}/notifications/{sent['notification_id']}/retry")
    assert again.status_code == 202, again.text
    notifications(http, to, "delivered")
    assert_problem(http.post(f"{CHANNELS}/{to}/notifications/{sent['notification_id']}/retry"), 409)
    logged = caplog.text + "".join(capfd.readouterr())
    assert "alert_notification_not_delivered" in logged
    assert "top-secret" not in logged


@pytest.mark.parametrize("kind", ["teams_workflow", "teams_legacy"])
def test_whoever_says_when_to_come_again_is_not_asked_before(
    http: httpx.Client, teams: TeamsSimulator, clock: MovableClock, kind: str
) -> None:
    teams.behaves(throttled=1, retry_after_seconds=60)
    to = channel(http, teams, f"later{kind[6:9]}", kind)
    specimens(http, clock, f"LATER{kind[6:9]}", bad=2)
    evaluated(http, made(http, RULES, rule(channels=[to], filters={"assay": f"LATER{kind[6:9]}"})))

    def tried() -> dict[str, Any] | None:
        tries = [one for one in notifications(http, to) if one["attempts_made"] and one["status"] == "pending"]
        return tries[0] if tries else None

    one = eventually(tried, "a try that was refused")
    asked = datetime.fromisoformat(one["next_attempt_at"]) - datetime.fromisoformat(one["attempts"][0]["at"])
    assert timedelta(seconds=60) <= asked < timedelta(seconds=120)
    clock.advance(120)
    [sent] = notifications(http, to, "delivered")
    assert sent["attempts_made"] == 2


def test_no_more_than_four_messages_a_second_go_to_one_address(http: httpx.Client, teams: TeamsSimulator) -> None:
    to = channel(http, teams, "many")
    for _ in range(7):
        assert http.post(f"{CHANNELS}/{to}/test").json()["dry_run"] is False
    sent = notifications(http, to, *["delivered"] * 7)
    assert [one["attempts_made"] for one in sent] == [1] * 7, "nothing was refused for coming too fast"


def test_a_message_that_only_waited_for_its_turn_when_its_process_died_is_sent(
    http: httpx.Client, app: Served, teams: TeamsSimulator
) -> None:
    to = channel(http, teams, "waits")
    hosted = app.running.app.state.services.get_services(HostedService)
    [worker] = [one for one in hosted if isinstance(one, AlertNotificationWorker)]
    taken: list[asyncio.Task[None]] = []

    async def others_come_first() -> None:
        url = f"{teams.url}/workflows/waits?sig=top-secret"
        taken.extend(asyncio.create_task(worker._sender.wait_for_turn_async(url)) for _ in range(5))
        await asyncio.sleep(0)

    async def end_of_process() -> int:
        worker._running[to].cancel()
        return await worker._queue.confirm_nothing_async()

    app.run(others_come_first())
    http.post(f"{CHANNELS}/{to}/test")
    eventually(lambda: to in worker._running, "it waits for its turn")
    assert [one["status"] for one in notifications(http, to)] == ["pending"]
    assert app.run(end_of_process()) == 0
    [sent] = notifications(http, to, "delivered")
    assert (sent["attempts_made"], len(teams.messages("/waits"))) == (1, 1)


def test_a_dry_run_shows_the_exact_payload_and_sends_nothing(
    http: httpx.Client, teams: TeamsSimulator, clock: MovableClock
) -> None:
    to = channel(http, teams, "dry", "teams_legacy", dry_run=True)
    shown = http.post(f"{CHANNELS}/{to}/test").json()
    assert (shown["dry_run"], shown["notification_id"], shown["payload"]["@type"]) == (True, None, "MessageCard")
    one = made(http, RULES, rule(channels=[to], filters={"assay": "DRY"}))
    specimens(http, clock, "DRY", bad=2)
    evaluated(http, one)
    [kept] = notifications(http, to, "dry_run")
    assert json.loads(kept["body"])["summary"] == "Error Rate Alert"
    assert teams.messages("/dry") == []


def test_an_address_is_seen_by_nobody(http: httpx.Client, app: Served, teams: TeamsSimulator) -> None:
    to = channel(http, teams, "secretive")
    for answer in (
        http.get(f"{CHANNELS}/{to}"),
        http.get(CHANNELS),
        http.patch(f"{CHANNELS}/{to}", json={"url": f"{teams.url}/workflows/other?sig=top-secret"}),
        http.post(CHANNELS, json={"name": "x", "kind": "log", "url": f"{teams.url}/top-secret"}),
        http.post(CHANNELS, json={"name": "x", "kind": "teams_legacy", "url": "http://169.254.169.254/top-secret"}),
    ):
        assert "top-secret" not in answer.text
    with app.mongod.client() as client:
        database = client[app.database]
        for name in database.list_collection_names():
            assert not any("top-secret" in str(document) for document in database[name].find()), name
    assert http.delete(f"{CHANNELS}/{to}").status_code == 204
    assert_problem(http.get(f"{CHANNELS}/{to}"), 404)


def test_a_channel_that_rules_name_is_not_removed_and_one_that_is_gone_is_no_reason_to_refuse_a_rule(
    http: httpx.Client, app: Served, teams: TeamsSimulator
) -> None:
    used, other = channel(http, teams, "used"), channel(http, teams, "other")
    one = made(http, RULES, rule(name="names it", channels=[used, other]))
    path = f"{RULES}/{one['rule_id']}"
    problem = assert_problem(http.delete(f"{CHANNELS}/{used}"), 409)
    assert problem["type"].endswith("/alert-channel-in-use")
    assert (problem["rules"], problem["total"]) == ([{"rule_id": one["rule_id"], "name": "names it"}], 1)
    assert one["rule_id"] in problem["detail"]
    assert http.get(f"{CHANNELS}/{used}").status_code == 200
    assert http.patch(path, json={"channels": [other]}).json()["channels"] == [other]
    assert http.delete(f"{CHANNELS}/{used}").status_code == 204

    async def leave_as_earlier_versions_did() -> None:
        channels = app.service(AlertChannelRepository)
        gone = await channels.get_async(other)
        gone.remove(datetime.now(UTC))
        await channels.update_async(gone)

    app.run(leave_as_earlier_versions_did())
    assert http.get(path).json()["channels"] == []
    [listed] = [item for item in http.get(RULES).json()["items"] if item["rule_id"] == one["rule_id"]]
    assert listed["channels"] == []
    kept = http.patch(path, json={"threshold": 0.6, "channels": [other]})
    assert (kept.status_code, kept.json()["channels"]) == (200, [])
    assert_problem(http.patch(path, json={"channels": [other, used]}), 422)
    shown = http.get(path).json()["channels"]
    assert http.patch(path, json={"channels": shown}).json()["channels"] == []


def test_a_webhook_channel_gets_signed_cloud_events_and_a_log_channel_a_line(
    http: httpx.Client, teams: TeamsSimulator, clock: MovableClock
) -> None:
    body = {"name": "hook", "kind": "webhook", "url": f"{teams.url}/nowhere"}
    hook = made(http, CHANNELS, body)
    assert hook["secret"].startswith("whsec_")
    assert "secret" not in http.get(f"{CHANNELS}/{hook['channel_id']}").json()
    log = made(http, CHANNELS, {"name": "log", "kind": "log"})
    one = made(http, RULES, rule(channels=[hook["channel_id"], log["channel_id"]], filters={"assay": "HOOK"}))
    specimens(http, clock, "HOOK", bad=2)
    raised = evaluated(http, one)
    [parked] = notifications(http, hook["channel_id"], "parked")
    event = json.loads(parked["body"])
    assert (event["type"], event["subject"]) == ("labops.alert-announced.v1", raised["alert_id"])
    assert parked["attempts"][0]["status"] == 404
    notifications(http, log["channel_id"], "delivered")


def test_what_a_webhook_channel_sends_is_signed_with_the_secret_it_was_made_with(
    http: httpx.Client, app: Served, clock: MovableClock
) -> None:
    opened = receiving()
    receiver = app.run(opened.__aenter__())
    try:
        receiver.answers(504, 204)
        hook = made(http, CHANNELS, {"name": "signed", "kind": "webhook", "url": receiver.url})
        specimens(http, clock, "SIGN", bad=2)
        one = made(http, RULES, rule(channels=[hook["channel_id"]], filters={"assay": "SIGN"}))
        raised = evaluated(http, one)
        [sent] = notifications(http, hook["channel_id"], "delivered")
    finally:
        app.run(opened.__aexit__(None, None, None))
    first, again = receiver.received
    assert all(each.is_signed_with(base64.b64decode(hook["secret"].removeprefix("whsec_"))) for each in (first, again))
    assert {each.headers["webhook-id"] for each in (first, again)} == {sent["notification_id"]}, "known by its id"
    assert (again.event["subject"], sent["attempts_made"]) == (raised["alert_id"], 2)


def test_an_alert_of_a_rule_that_watches_something_else_now_is_over(http: httpx.Client, clock: MovableClock) -> None:
    specimens(http, clock, "OTHER", bad=2)
    one = made(http, RULES, rule(filters={"assay": "OTHER"}))
    raised = evaluated(http, one)
    assert http.patch(f"{RULES}/{one['rule_id']}", json={"threshold": 0.6}).status_code == 200
    assert evaluated(http, one)["outcome"] == "standing"
    changed = http.patch(f"{RULES}/{one['rule_id']}", json={"metric": "silence", "threshold": 5, "clear_threshold": 5})
    position = changed.headers["x-position"]
    alert = http.get(f"{ALERTS}/{raised['alert_id']}", headers={"X-Position": position}).json()
    assert (alert["status"], alert["resolved_reason"], alert["value"]) == ("resolved", "rule_changed", 1.0)
    following = evaluated(http, one)
    assert (following["outcome"], following["alert_id"]) == ("raised", f"{one['rule_id']}-2")


def test_every_metric_can_be_watched(http: httpx.Client, clock: MovableClock) -> None:
    filters = {"assay": "ALL"}
    silence = made(http, RULES, rule(metric="silence", operator="gte", threshold=9, clear_threshold=9, filters=filters))
    assert evaluated(http, silence)["outcome"] == "fine"
    few = {"operator": "<", "threshold": 5, "clear_threshold": 5, "filters": filters}
    throughput = made(http, RULES, rule(metric="throughput", **few))
    assert evaluated(http, throughput)["outcome"] == "no_data"
    at = clock.now()
    rows = [("A1", 300, 10), ("A2", 30, 10), ("A3", 600, None)]
    items = [
        {
            "specimen_id": specimen_id,
            "assay": "ALL",
            "machine_id": "M1",
            "operator_id": "O1",
            "status": "COMPLETED" if ago is not None else "RECEIVED",
            "received_at": (at - timedelta(minutes=received)).isoformat(),
            **({"processed_at": (at - timedelta(minutes=ago)).isoformat()} if ago is not None else {}),
        }
        for specimen_id, received, ago in rows
    ]
    slip = {**items[0], "specimen_id": "A4", "received_at": (at + timedelta(days=300)).isoformat()}
    items += [{**slip, "processed_at": (at + timedelta(days=301)).isoformat()}]
    assert http.post(f"{API}/specimens/bulk", json={"items": items}).is_success
    assert evaluated(http, silence)["outcome"] == "raised", "a slip of the pen does not break a silence"
    assert evaluated(http, throughput)["value"] == 2
    expected = {"sla_breach_rate": 0.5, "open_breaches": 1.0, "tat_p90": 263.0}
    for metric, value in expected.items():
        watching = made(http, RULES, rule(metric=metric, threshold=0, clear_threshold=0, filters=filters))
        found = evaluated(http, watching)
        assert (found["outcome"], round(found["value"], 6)) == ("raised", value), metric


def test_what_makes_no_sense_is_refused_with_its_field(http: httpx.Client) -> None:
    for field, value in (
        ("metric", "luck"),
        ("operator", "!="),
        ("threshold", 50),
        ("clear_threshold", 0.9),
        ("window", "P1M"),
        ("window", "PT1S"),
        ("cool_down", "soon"),
        ("channels", ["nobody"]),
        ("name", "   "),
        ("filters", {"assay": ""}),
    ):
        problem = assert_problem(http.post(RULES, json=rule(**{field: value})), 422)
        assert field in json.dumps(problem["errors"]), field
    one = made(http, RULES, rule())
    where = f"{RULES}/{one['rule_id']}"
    assert_problem(http.patch(where, json={"threshold": 0.1}), 422)
    assert_problem(http.patch(where, json={"name": "x"}, headers={"If-Match": '"9"'}), 412)
    assert http.patch(where, json={"name": "other"}).json()["threshold"] == 0.5


def test_a_rule_that_is_made_inactive_or_removed_leaves_no_alert_standing(
    http: httpx.Client, clock: MovableClock
) -> None:
    specimens(http, clock, "REM", bad=2)
    for method, reason in (("PATCH", "rule_inactive"), ("DELETE", "rule_removed")):
        one = made(http, RULES, rule(filters={"assay": "REM"}))
        raised = evaluated(http, one)
        body = {"active": False} if method == "PATCH" else None
        answer = http.request(method, f"{RULES}/{one['rule_id']}", json=body)
        position = answer.headers["x-position"]
        alert = http.get(f"{ALERTS}/{raised['alert_id']}", headers={"X-Position": position}).json()
        assert (alert["status"], alert["resolved_reason"]) == ("resolved", reason)
        expected = 409 if method == "PATCH" else 404
        assert_problem(http.post(f"{RULES}/{one['rule_id']}/evaluate"), expected)


def test_the_job_evaluates_all_rules(http: httpx.Client, clock: MovableClock) -> None:
    specimens(http, clock, "JOB", bad=2)
    one = made(http, RULES, rule(filters={"assay": "JOB"}))
    run = eventually(lambda: (got := http.post(f"{API}/jobs/alert-evaluation/run")).is_success and got.json(), "a run")
    where = f"{API}/jobs/alert-evaluation/runs/{run['run_id']}"
    ended = eventually(lambda: (got := http.get(where).json())["outcome"] != "running" and got, "the end of the run")
    assert ended["outcome"] == "succeeded", ended
    assert [part["counts"] for part in ended["parts"] if part["part_id"] == one["rule_id"]] == [{"raised": 1}]


def test_who_may(http: httpx.Client, app: Served, teams: TeamsSimulator) -> None:
    to = channel(http, teams, "seen")
    assert http.get(f"{CHANNELS}/{to}").json()["host"]
    with app.client(Role.MANAGER) as manager, app.client(Role.USER) as user:
        seen = manager.get(f"{CHANNELS}/{to}").json()
        assert (seen["channel_id"], seen["name"], seen["kind"], seen["host"]) == (to, "seen", "teams_workflow", None)
        assert seen in (page := manager.get(CHANNELS, params={"limit": 200}).json()["items"])
        assert [one["host"] for one in page] == [None] * len(page)
        assert manager.delete(f"{CHANNELS}/{to}").status_code == 403
        assert manager.get(f"{CHANNELS}/{to}/notifications").status_code == 403
        assert user.get(CHANNELS).status_code == 403
        assert user.post(RULES, json=rule()).status_code == 403
        assert user.get(ALERTS).status_code == 200


def test_stand_ups_are_shown_or_posted(http: httpx.Client, teams: TeamsSimulator) -> None:
    standups = f"{API}/teams/standup"
    templates = http.get(f"{standups}/templates").json()
    single, team = templates["single_standup_template"], templates["team_standup_template"]
    assert templates["status_options"] == ["completed", "in_progress", "blocked", "planned"]
    shown = http.post(f"{standups}/post", json=single).json()
    assert (shown["status"], shown["dry_run"], shown["notification_id"]) == ("success", True, None)
    assert shown["payload"]["type"] == "message"
    assert_problem(http.post(f"{standups}/post", params={"dry_run": False}, json=single), 409, "conflict")
    to = channel(http, teams, "standup", "teams_legacy")
    send: dict[str, str | bool] = {"dry_run": False, "channel_id": to}
    assert http.post(f"{standups}/team-post", params=send, json=team).json()["dry_run"] is False
    upload = {"file": ("standup.json", json.dumps(single), "application/json")}
    assert http.post(f"{standups}/upload-json", params=send, files=upload).status_code == 200
    notifications(http, to, "delivered", "delivered")
    both, one = (sent["message"] for sent in teams.messages("/standup"))
    assert (both["themeColor"], both["summary"]) == ("0076D7", "Team Daily Standup")
    assert [section["activityTitle"] for section in both["sections"][1:]] == ["Ann", "Bob"]
    assert one["summary"] == "Daily Standup - Ann"
    without = {key: value for key, value in single["items"][0].items() if key != "assignee"}
    assert_problem(http.post(f"{standups}/post", json={**single, "items": [without]}), 422)
    upload = {"file": ("standup.json", json.dumps({"items": []}), "application/json")}
    problem = assert_problem(http.post(f"{standups}/upload-json", files=upload), 422)
    assert problem["errors"][0]["field"] == "file.team_member"
    assert http.get(f"{API}/teams/health").json()["webhook_configured"] is False
    upload = {"file": ("standup.json", json.dumps(single), "application/json")}
    form = {"dry_run": "false", "channel_id": to}
    assert http.post(f"{standups}/upload-json", data=form, files=upload).json()["dry_run"] is False
    notifications(http, to, "delivered", "delivered", "delivered")
    for field, told in (("webhook_url", "alert channel"), ("dryrun", "no part of this form")):
        problem = assert_problem(http.post(f"{standups}/upload-json", data={field: "x"}, files=upload), 422)
        assert (problem["errors"][0]["field"], told in problem["errors"][0]["rule"]) == (field, True)
