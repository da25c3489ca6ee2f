"""Bots, workers and what they said to each other."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

BOTS = {
    "0b6f2f0c-5f3b-4e0a-9a51-0d6a8e1f7c11": "Follow-up",
    "c4a1f3de-7a52-4f0e-8c7e-5d2b9e604a22": "Weekly check-in",
}
"""Names of all bots by id."""


@dataclass
class Manner:
    """How the simulator behaves, as a test wants it.

    Attributes:
        without_consent: workers who have not agreed.
        answers_empty: whether a trigger is answered with nothing, as by older servers.
        limited_for_seconds: answers 429 with this; 0 for not.
        status: answers everything with this; 0 for not.
    """

    without_consent: list[str] = field(default_factory=list)
    answers_empty: bool = False
    limited_for_seconds: float = 0
    status: int = 0


class ChatWorld:
    """Sessions in the order of their beginning. A worker answers at once."""

    def __init__(self) -> None:
        self.manner = Manner()
        self.triggers: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []

    def trigger(self, said: dict[str, Any]) -> dict[str, Any]:
        """Begin a session, or go on with the worker's latest one with this bot."""
        self.triggers.append(said)
        text = said.get("prompt_text") or said["message_text"]
        session = None if said.get("start_new_session") else self._latest(said)
        if session is None:
            session = self._begin(said)
        now = _now()
        session["updated_at"] = now
        session["messages"] += [
            {"created_at": now, "role": "assistant", "content": f"Hello, about this: {text}", "metadata": {}},
            {"created_at": now, "role": "user", "content": "Yes, I was there.", "metadata": {}},
        ]
        return session

    def of_experiment(self, experiment: str | None, *, newest_first: bool) -> list[dict[str, Any]]:
        """Return sessions without what was said in them."""
        found = [one for one in self.sessions if experiment in (None, one["experiment"]["id"])]
        rows = [{key: value for key, value in one.items() if key != "messages"} for one in found]
        return rows[::-1] if newest_first else rows

    def _latest(self, said: dict[str, Any]) -> dict[str, Any] | None:
        session: dict[str, Any]
        for session in reversed(self.sessions):
            found = (session["participant"]["identifier"], session["experiment"]["id"])
            if found == (said["identifier"], said["experiment"]):
                return session
        return None

    def _begin(self, said: dict[str, Any]) -> dict[str, Any]:
        session: dict[str, Any] = {
            "id": str(uuid4()),
            "team": {"name": "Field", "slug": "field"},
            "experiment": {"id": said["experiment"], "name": BOTS[said["experiment"]], "version_number": 1},
            "participant": {"identifier": said["identifier"], "remote_id": ""},
            "created_at": _now(),
            "updated_at": _now(),
            "status": "active",
            "platform": said["platform"],
            "tags": [],
            "state": said.get("session_data", {}),
            "messages": [],
        }
        self.sessions.append(session)
        return session


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
