"""Every route with every role, against a table written out here: a new route fails until somebody thinks about it."""

from collections.abc import Iterator

import httpx
import jwt
import pytest

from api.kernel.authorization import Role, routes_with_access
from tests.support.served import Served, assert_problem

A = "/api/v1"
IN_REGION = f"{A}/workers/region/{{region}}/workers"
WORKER = f"{IN_REGION}/{{worker_id}}"
PUBLIC, USER, MANAGER, ADMIN = None, Role.USER, Role.MANAGER, Role.ADMIN
EXPECTED: dict[tuple[str, str], Role | None] = {
    ("GET", "/favicon.ico"): PUBLIC,
    ("GET", f"{A}/docs"): PUBLIC,
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("GET", "/auth/login"): PUBLIC,
    ("GET", "/auth/callback"): PUBLIC,
    ("POST", "/auth/session"): PUBLIC,
    ("POST", "/auth/logout"): USER,
    ("GET", "/auth/me"): USER,
    ("PUT", "/auth/context"): USER,
    ("GET", "/login"): PUBLIC,
    ("GET", "/static/{version}/{name}"): PUBLIC,
    **{
        ("GET", path): USER
        for path in ("/", "/alerts", "/specimens", "/what-if", "/data-quality", "/import", "/labs", "/system")
    },
    ("GET", f"{A}/overview"): USER,
    ("GET", f"{A}/overview/stream"): USER,
    ("GET", f"{A}/users"): ADMIN,
    ("POST", f"{A}/users"): ADMIN,
    ("GET", f"{A}/users/{{username}}"): ADMIN,
    ("PATCH", f"{A}/users/{{username}}"): ADMIN,
    ("DELETE", f"{A}/users/{{username}}"): ADMIN,
    ("GET", f"{A}/organizations"): ADMIN,
    ("POST", f"{A}/organizations"): ADMIN,
    ("GET", f"{A}/organizations/{{slug}}"): ADMIN,
    ("PATCH", f"{A}/organizations/{{slug}}"): ADMIN,
    ("DELETE", f"{A}/organizations/{{slug}}"): ADMIN,
    ("POST", f"{A}/organizations/{{slug}}/programs"): ADMIN,
    ("PATCH", f"{A}/organizations/{{slug}}/programs/{{program_id}}"): ADMIN,
    ("DELETE", f"{A}/organizations/{{slug}}/programs/{{program_id}}"): ADMIN,
    ("POST", f"{A}/organizations/{{slug}}/opportunities"): ADMIN,
    ("PATCH", f"{A}/organizations/{{slug}}/opportunities/{{opportunity_id}}"): ADMIN,
    ("DELETE", f"{A}/organizations/{{slug}}/opportunities/{{opportunity_id}}"): ADMIN,
    ("GET", f"{A}/memberships"): ADMIN,
    ("POST", f"{A}/memberships"): ADMIN,
    ("DELETE", f"{A}/memberships/{{slug}}/{{username}}"): ADMIN,
    ("GET", IN_REGION): USER,
    ("POST", IN_REGION): ADMIN,
    ("GET", WORKER): USER,
    ("PATCH", WORKER): ADMIN,
    ("DELETE", WORKER): ADMIN,
    ("GET", f"{WORKER}/labs"): USER,
    ("POST", f"{WORKER}/labs/refresh"): MANAGER,
    ("POST", f"{A}/workers/refresh"): MANAGER,
    ("GET", f"{A}/workers"): USER,
    ("GET", f"{A}/labs"): USER,
    ("GET", f"{A}/labs/{{record_id}}"): USER,
    ("GET", f"{A}/labs/{{record_id}}/history"): USER,
    ("GET", f"{A}/labs/{{record_id}}/metrics"): USER,
    ("GET", f"{A}/records"): USER,
    ("POST", f"{A}/records"): USER,
    ("POST", f"{A}/records/batch"): USER,
    ("GET", f"{A}/records/outbox"): USER,
    ("GET", f"{A}/records/outbox/{{write_id}}"): USER,
    ("POST", f"{A}/records/outbox/{{write_id}}/resolve"): USER,
    ("GET", f"{A}/records/{{record_id}}"): USER,
    ("PATCH", f"{A}/records/{{record_id}}"): USER,
    ("DELETE", f"{A}/records/{{record_id}}"): USER,
    ("GET", f"{A}/records/{{record_id}}/history"): USER,
    ("GET", f"{A}/records/{{record_id}}/diff"): USER,
    ("GET", f"{A}/records/kinds"): USER,
    ("GET", f"{A}/records/kinds/{{kind}}"): USER,
    ("POST", f"{A}/records/kinds/{{kind}}"): USER,
    ("POST", f"{A}/records/kinds/{{kind}}/batch"): USER,
    ("GET", f"{A}/records/kinds/{{kind}}/{{record_id}}"): USER,
    ("PATCH", f"{A}/records/kinds/{{kind}}/{{record_id}}"): USER,
    ("GET", f"{A}/tasks"): USER,
    ("POST", f"{A}/tasks"): USER,
    ("POST", f"{A}/tasks/batch"): USER,
    ("GET", f"{A}/tasks/{{task_id}}"): USER,
    ("PATCH", f"{A}/tasks/{{task_id}}"): USER,
    ("GET", f"{A}/tasks/{{task_id}}/events"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/assign"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/comment"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/status"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/resolve"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/ai/initiate"): USER,
    ("GET", f"{A}/tasks/{{task_id}}/ai/sessions"): USER,
    ("POST", f"{A}/tasks/{{task_id}}/ai/sessions"): USER,
    ("GET", f"{A}/tasks/{{task_id}}/ai/transcript"): USER,
    ("PUT", f"{A}/chatbots/key"): ADMIN,
    ("GET", "/export/labs_record/"): USER,
    ("POST", "/export/labs_record/"): USER,
    ("DELETE", "/export/labs_record/"): USER,
    ("GET", "/export/opp_org_program_list/"): USER,
    ("GET", "/export/opportunity/{opportunity_id}/"): USER,
    ("HEAD", "/export/labs_record/"): USER,
    ("HEAD", "/export/opp_org_program_list/"): USER,
    ("HEAD", "/export/opportunity/{opportunity_id}/"): USER,
    **{(method, "/export/{rest:path}"): None for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")},
    ("POST", f"{A}/specimens"): MANAGER,
    ("GET", f"{A}/specimens"): USER,
    ("POST", f"{A}/specimens/bulk"): MANAGER,
    ("GET", f"{A}/specimens/{{specimen_id}}"): USER,
    ("GET", f"{A}/specimens/{{specimen_id}}/history"): USER,
    ("POST", f"{A}/specimens/{{specimen_id}}/start"): MANAGER,
    ("POST", f"{A}/specimens/{{specimen_id}}/complete"): MANAGER,
    ("POST", f"{A}/specimens/{{specimen_id}}/fail"): MANAGER,
    ("POST", f"{A}/specimens/import"): MANAGER,
    ("GET", f"{A}/imports"): USER,
    ("GET", f"{A}/imports/{{import_id}}"): USER,
    ("DELETE", f"{A}/imports/{{import_id}}"): MANAGER,
    ("GET", f"{A}/imports/{{import_id}}/events"): USER,
    ("GET", f"{A}/imports/{{import_id}}/report.csv"): USER,
    ("GET", f"{A}/metrics"): USER,
    **{("GET", f"{A}/metrics/{name}"): USER for name in ("tat", "throughput", "errors", "sla", "wip", "reception")},
    **{("GET", f"{A}/metrics/{name}/series"): USER for name in ("tat", "throughput", "errors", "sla", "wip")},
    ("GET", f"{A}/metrics/custom/{{metric_name}}"): USER,
    ("GET", f"{A}/sla-limits"): USER,
    ("PUT", f"{A}/sla-limits"): MANAGER,
    ("GET", f"{A}/exports/{{file_name}}"): USER,
    ("POST", f"{A}/dq/validate-csv"): USER,
    ("POST", f"{A}/dq/rules/validate"): USER,
    ("GET", f"{A}/dq/rules/templates"): USER,
    ("GET", f"{A}/dq/health"): USER,
    ("GET", f"{A}/dq/rules"): USER,
    ("PUT", f"{A}/dq/rules"): MANAGER,
    ("DELETE", f"{A}/dq/rules"): MANAGER,
    ("POST", f"{A}/dq/runs"): MANAGER,
    ("GET", f"{A}/dq/runs"): USER,
    ("GET", f"{A}/dq/runs/{{run_id}}"): USER,
    ("GET", f"{A}/dq/runs/{{run_id}}/report.csv"): USER,
    ("GET", f"{A}/events/stream"): USER,
    ("GET", f"{A}/jobs"): USER,
    ("POST", f"{A}/jobs/{{task_id}}/run"): MANAGER,
    ("GET", f"{A}/jobs/{{task_id}}/runs"): USER,
    ("GET", f"{A}/jobs/{{task_id}}/runs/{{run_id}}"): USER,
    ("GET", f"{A}/jobs/{{task_id}}/runs/{{run_id}}/stream"): USER,
    ("GET", f"{A}/subscriptions"): ADMIN,
    ("GET", f"{A}/subscriptions/{{name}}/parked"): ADMIN,
    ("POST", f"{A}/subscriptions/{{name}}/parked/{{parked_id}}/replay"): ADMIN,
    ("DELETE", f"{A}/subscriptions/{{name}}/parked/{{parked_id}}"): ADMIN,
    ("GET", f"{A}/read-models"): ADMIN,
    ("POST", f"{A}/read-models/{{name}}/rebuild"): ADMIN,
    ("DELETE", f"{A}/what-if/simulations/{{simulation_id}}"): USER,
    ("GET", f"{A}/what-if/simulations"): USER,
    ("GET", f"{A}/what-if/simulations/{{simulation_id}}"): USER,
    ("GET", f"{A}/what-if/simulations/{{simulation_id}}/events"): USER,
    ("POST", f"{A}/what-if/linear"): USER,
    ("POST", f"{A}/what-if/simulations"): USER,
    ("POST", f"{A}/webhooks"): ADMIN,
    ("GET", f"{A}/webhooks"): ADMIN,
    ("GET", f"{A}/webhooks/{{webhook_id}}"): ADMIN,
    ("PATCH", f"{A}/webhooks/{{webhook_id}}"): ADMIN,
    ("DELETE", f"{A}/webhooks/{{webhook_id}}"): ADMIN,
    ("POST", f"{A}/webhooks/{{webhook_id}}/ping"): ADMIN,
    ("GET", f"{A}/webhooks/{{webhook_id}}/deliveries"): ADMIN,
    ("GET", f"{A}/webhooks/{{webhook_id}}/deliveries/{{delivery_id}}"): ADMIN,
    ("POST", f"{A}/webhooks/{{webhook_id}}/deliveries/{{delivery_id}}/retry"): ADMIN,
    ("POST", f"{A}/alert-rules"): MANAGER,
    ("GET", f"{A}/alert-rules"): USER,
    ("GET", f"{A}/alert-rules/{{rule_id}}"): USER,
    ("PATCH", f"{A}/alert-rules/{{rule_id}}"): MANAGER,
    ("DELETE", f"{A}/alert-rules/{{rule_id}}"): MANAGER,
    ("POST", f"{A}/alert-rules/{{rule_id}}/evaluate"): MANAGER,
    ("GET", f"{A}/alerts"): USER,
    ("GET", f"{A}/alerts/{{alert_id}}"): USER,
    ("POST", f"{A}/alerts/{{alert_id}}/acknowledge"): MANAGER,
    ("POST", f"{A}/alert-channels"): ADMIN,
    ("GET", f"{A}/alert-channels"): MANAGER,
    ("GET", f"{A}/alert-channels/{{channel_id}}"): MANAGER,
    ("PATCH", f"{A}/alert-channels/{{channel_id}}"): ADMIN,
    ("DELETE", f"{A}/alert-channels/{{channel_id}}"): ADMIN,
    ("POST", f"{A}/alert-channels/{{channel_id}}/test"): ADMIN,
    ("GET", f"{A}/alert-channels/{{channel_id}}/notifications"): ADMIN,
    ("POST", f"{A}/alert-channels/{{channel_id}}/notifications/{{notification_id}}/retry"): ADMIN,
    ("POST", f"{A}/teams/standup/post"): MANAGER,
    ("POST", f"{A}/teams/standup/team-post"): MANAGER,
    ("POST", f"{A}/teams/standup/upload-json"): MANAGER,
    ("GET", f"{A}/teams/standup/templates"): USER,
    ("GET", f"{A}/teams/health"): USER,
}


def test_every_route_is_in_the_table_with_its_role(app: Served) -> None:
    found = {
        (method, path): access.role
        for method, path, access in routes_with_access(app.running.app)
        if path != f"{A}/openapi.json"
    }
    assert found == EXPECTED


def filled(path: str) -> str:
    worker = "00000000-0000-4000-8000-000000000000"
    values = {"region": "x", "worker_id": worker, "record_id": f"{worker}.l", "task_id": "none", "name": "none"}
    values |= {"username": "none", "slug": "none", "program_id": "1", "opportunity_id": "1"}
    values |= {"kind": "task", "version": "0"}
    for name in ("run_id", "parked_id", "webhook_id", "delivery_id", "write_id", "simulation_id"):
        values[name] = "none"
    values |= {"metric_name": "none", "file_name": "none.csv"}
    for name in ("rule_id", "alert_id", "channel_id", "notification_id", "specimen_id", "import_id"):
        values[name] = "none"
    return path.replace("{rest:path}", "none").format_map(values)


@pytest.fixture(scope="module")
def clients(app: Served) -> Iterator[dict[str, httpx.Client]]:
    secret = app.running.secrets.jwt_secret
    strange = jwt.encode({"sub": "x", "role": "root", "exp": 4_000_000_000}, secret, "HS256")
    none = jwt.encode({"sub": "x", "exp": 4_000_000_000}, secret, "HS256")
    found = {role.value: app.client(role) for role in Role}
    found |= {"nobody": app.client_with(None), "unknown role": app.client_with(strange)}
    found |= {"no role": app.client_with(none)}
    yield found
    for client in found.values():
        client.close()


@pytest.mark.parametrize(("method", "path"), sorted(EXPECTED), ids=lambda value: str(value))
def test_a_route_lets_in_whom_it_should(clients: dict[str, httpx.Client], method: str, path: str) -> None:
    needed = EXPECTED[method, path]
    url = filled(path)
    if "stream" not in url:
        for role in Role:
            may = needed is None or role.includes(needed)
            if may and path == f"{A}/workers/refresh":
                continue
            status = clients[role.value].request(method, url).status_code
            assert (status not in (401, 403)) is may, f"{role.value}: {status}"
    if needed is not None:
        refused = clients["nobody"].request(method, url)
        assert_refused(refused, 401, "unauthenticated", url)
        assert refused.headers["www-authenticate"].startswith("Bearer")
        for name in ("unknown role", "no role"):
            assert_refused(clients[name].request(method, url), 403, "forbidden", url)


def assert_refused(answer: httpx.Response, status: int, name: str, url: str) -> None:
    """The drop-in says it in the manner of the system that it stands in for."""
    if answer.request.method == "HEAD":
        assert (answer.status_code, answer.content) == (status, b"")
    elif url.startswith("/export/"):
        assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    else:
        assert_problem(answer, status, name)
