"""A few field-program records for the demo, made once over Labkeeper's own API."""

from typing import Any

import httpx

from cli.demo_workers import DemoError

ORGANIZATION = "acme-health"
WORKERS = {"flw_01": "Amina Wekesa", "flw_02": "Badru Ouma", "flw_03": "Chep Rotich"}
SOLICITATION = {
    "title": "Community health round 4: partners wanted",
    "description": "Door-to-door visits to mothers and newborns in two districts.",
    "scope_of_work": "Recruit and supervise 40 field workers for six months.",
    "solicitation_type": "eoi",
    "status": "active",
    "is_public": True,
    "application_deadline": "2027-03-31",
    "contact_email": "partners@acme-health.example",
}


async def add_records_async(client: httpx.AsyncClient, username: str) -> int:
    """Add an organisation with an opportunity, tasks that are under way, and a public solicitation, if need be.

    Args:
        username: who the client's token belongs to; becomes a member.

    Returns:
        The id of the opportunity.
    """
    found = await client.get(f"/organizations/{ORGANIZATION}")
    if found.status_code == httpx.codes.NOT_FOUND:
        await _make(client, "/organizations", {"slug": ORGANIZATION, "name": "Acme Health"})
        found = await client.get(f"/organizations/{ORGANIZATION}")
    organization = _answer(found)
    for name, shown in {username: "Demo administrator", **WORKERS}.items():
        await _make(client, "/users", {"username": name, "name": shown}, known=True)
    await _make(client, "/memberships", {"organization": ORGANIZATION, "username": username}, known=True)
    program_id = await _owned_async(client, organization, "programs", {"name": "Community health"})
    wanted = {"name": "Community health round 3", "program_id": program_id}
    opportunity_id = await _owned_async(client, organization, "opportunities", wanted)
    await _add_solicitation_async(client, program_id)
    await _add_tasks_async(client, opportunity_id)
    return opportunity_id


async def _owned_async(client: httpx.AsyncClient, organization: Any, what: str, wanted: dict[str, Any]) -> int:
    for known in organization[what]:
        if known["name"] == wanted["name"]:
            return int(known["id"])
    return int((await _make(client, f"/organizations/{ORGANIZATION}/{what}", wanted))["id"])


async def _add_solicitation_async(client: httpx.AsyncClient, program_id: int) -> None:
    path = "/records/kinds/solicitation"
    if _answer(await client.get(path, params={"program_id": program_id}))["items"]:
        return
    body = {"program_id": program_id, "public": True, "data": {**SOLICITATION, "program_name": "Community health"}}
    await _make(client, path, body)


async def _add_tasks_async(client: httpx.AsyncClient, opportunity_id: int) -> None:
    scope = {"opportunity_id": opportunity_id}
    if _answer(await client.get("/tasks", params=scope))["items"]:
        return
    drafts = [
        {"title": "Ask about visits on the same minute", "username": "flw_01", "priority": "high", **scope},
        {"title": "Weights do not fit the ages", "username": "flw_02", "priority": "medium", **scope},
        {"title": "No visits for two weeks", "username": "flw_03", "priority": "low", **scope},
    ]
    tasks = [item["id"] for item in (await _make(client, "/tasks/batch", {"items": drafts}))["items"]]
    first, second = (f"/tasks/{number}" for number in tasks[:2])
    await _make(client, f"{first}/assign", {"assigned_to_type": "network_manager", "assigned_to_name": "Noor"})
    await _make(client, f"{first}/comment", {"comment": "Called twice, no answer yet."})
    await _make(client, f"{second}/status", {"status": "flw_action_in_progress"})


async def _make(client: httpx.AsyncClient, path: str, body: dict[str, Any], *, known: bool = False) -> Any:
    """Post something; with ``known`` it may be there already."""
    answer = await client.post(path, json=body)
    if known and answer.status_code == httpx.codes.CONFLICT:
        return None
    return _answer(answer)


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    request = response.request
    raise DemoError(f"{request.method} {request.url.path} answered {response.status_code}: {response.text}")
