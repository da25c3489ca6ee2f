"""Bodies and answers of stand-ups, in the starter kit's shapes."""

import datetime as times
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.labops.standups.standup import ItemPriority, ItemStatus, Standup, StandupItem

_ITEM: dict[str, Any] = {
    "title": "Calibrate M2",
    "status": "in_progress",
    "description": "Second run after the exchange of the lamp",
    "assignee": "Ann",
    "priority": "high",
    "effort": "1-2h",
    "blockers": [],
    "notes": "",
}
SINGLE: dict[str, Any] = {
    "date": "2026-03-01",
    "team_member": "Ann",
    "items": [_ITEM],
    "mood": "good",
    "availability": "full day",
    "next_priorities": ["PCR backlog"],
}
TEAM: dict[str, Any] = {"team_members": [SINGLE, {**SINGLE, "team_member": "Bob"}]}

Line = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=2000)]
Lines = Annotated[list[Line], Field(max_length=20)]


class StandupItemBody(StrictBody):
    """A piece of work."""

    title: Line
    status: Annotated[ItemStatus, Field(strict=False)]
    description: Text
    assignee: Line
    priority: Annotated[ItemPriority, Field(strict=False)] = ItemPriority.MEDIUM
    effort: Line = "1-2h"
    blockers: Lines = Field(default_factory=list)
    notes: Text = ""


class StandupBody(StrictBody):
    """What one member says; without a date it is the lab's day that is now."""

    team_member: Line
    date: Annotated[times.date, Field(strict=False)] | None = None
    items: Annotated[list[StandupItemBody], Field(max_length=50)] = Field(default_factory=list)
    mood: Text = ""
    availability: Text = ""
    next_priorities: Lines = Field(default_factory=list)

    model_config = ConfigDict(json_schema_extra={"examples": [SINGLE]})

    def standup(self, today: Any) -> Standup:
        """Return what is said."""
        items = tuple(
            StandupItem(
                title=item.title,
                status=item.status,
                description=item.description,
                assignee=item.assignee,
                priority=item.priority,
                effort=item.effort,
                blockers=tuple(item.blockers),
                notes=item.notes,
            )
            for item in self.items
        )
        return Standup(
            day=self.date or today,
            team_member=self.team_member,
            items=items,
            mood=self.mood,
            availability=self.availability,
            next_priorities=tuple(self.next_priorities),
        )


class TeamStandupBody(StrictBody):
    """What a whole team says."""

    team_members: Annotated[list[StandupBody], Field(min_length=1, max_length=50)]

    model_config = ConfigDict(json_schema_extra={"examples": [TEAM]})


class PostedStandupAnswer(BaseModel):
    """In a dry run `payload` is exactly what would be sent; else the message is queued and sent in a moment."""

    status: Literal["success"]
    message: str
    dry_run: bool
    timestamp: datetime
    notification_id: str | None
    payload: Any


class StandupTemplatesAnswer(BaseModel):
    """Examples, and the words that there are."""

    single_standup_template: dict[str, Any]
    team_standup_template: dict[str, Any]
    status_options: list[str]
    priority_options: list[str]
    effort_options: list[str]


class TeamsHealthAnswer(BaseModel):
    """`webhook_configured`: whether there is a channel for stand-ups that name none."""

    status: Literal["healthy"]
    service: str
    webhook_configured: bool
    timestamp: datetime
