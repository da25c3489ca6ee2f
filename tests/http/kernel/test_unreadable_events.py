"""A stored event that cannot be read is named in the answer; everything else goes on."""

import httpx
from fastapi import FastAPI

from api.kernel.problems import install_problem_handlers
from domain.kernel.errors import UndecodableEventError


async def test_an_unreadable_event_is_named_by_log_stream_version_and_type() -> None:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/history")
    async def history() -> None:
        raise UndecodableEventError(
            "labs", "lab-record-w.l", 3, "labs.lab-state-changed.v1", "field 'new_state' is missing"
        )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/history")

    assert answer.status_code == 500
    problem = answer.json()
    assert problem["type"].endswith("/unreadable-event")
    assert (problem["log"], problem["stream"], problem["version"]) == ("labs", "lab-record-w.l", 3)
    assert problem["event_type"] == "labs.lab-state-changed.v1"
    assert "new_state" in problem["detail"]
