"""``/teams``: stand-ups, in the starter kit's shapes."""

from typing import Annotated
from zoneinfo import ZoneInfo

from classy_fastapi import get, post
from fastapi import File, Form, Query, Request, Response, UploadFile
from neuroglia.mediation import Mediator
from pydantic import ValidationError

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController
from api.kernel.problems import RefusedError
from api.labops.teams_schemas import (
    SINGLE,
    TEAM,
    PostedStandupAnswer,
    StandupBody,
    StandupTemplatesAnswer,
    TeamsHealthAnswer,
    TeamStandupBody,
)
from application.kernel.refusals import Refusal, invalid
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.standups.post_standup import PostStandupCommand
from application.labops.standups.standup import ItemPriority, ItemStatus
from domain.kernel.clock import Clock
from settings import LabopsSettings

LARGEST_FILE = 1024 * 1024
_PARTS = ("file", "dry_run", "channel_id")
_UNKNOWN = f"is no part of this form; known: {', '.join(_PARTS)}"
_WEBHOOK = "is not taken here: register the address as an alert channel, which keeps it secret, and name its channel_id"
EFFORTS = ["<1h", "1-2h", "2-4h", "4-8h", "1-2d", ">2d"]

DryRun = Annotated[bool, Query(description="Show exactly what would be sent, and send nothing.")]
ChannelId = Annotated[
    str | None, Query(max_length=64, description="An alert channel of Teams; without it that of the settings.")
]


class TeamsController(LabkeeperController):
    """Posts stand-ups to Microsoft Teams."""

    route_prefix = "/teams"
    tag = "Teams"

    def __init__(
        self, mediator: Mediator, clock: Clock, settings: LabopsSettings, configured: ConfiguredChannel
    ) -> None:
        super().__init__(mediator)
        self._clock = clock
        self._zone = ZoneInfo(settings.timezone)
        self._configured = configured

    @requires(Role.MANAGER)
    @post("/standup/post", response_model=PostedStandupAnswer)
    async def post_standup(self, body: StandupBody, dry_run: DryRun = True, channel_id: ChannelId = None) -> Response:
        """Post what one member says."""
        return await self._post([body], dry_run, channel_id)

    @requires(Role.MANAGER)
    @post("/standup/team-post", response_model=PostedStandupAnswer)
    async def post_team_standup(
        self, body: TeamStandupBody, dry_run: DryRun = True, channel_id: ChannelId = None
    ) -> Response:
        """Post what a whole team says, as one message."""
        return await self._post(body.team_members, dry_run, channel_id)

    @requires(Role.MANAGER)
    @post("/standup/upload-json", response_model=PostedStandupAnswer)
    async def upload_standup(
        self,
        request: Request,
        file: Annotated[UploadFile, File(description="JSON of one stand-up, or of a team's; 1 MiB at most.")],
        dry_run: DryRun = True,
        channel_id: ChannelId = None,
        form_dry_run: Annotated[bool | None, Form(alias="dry_run", description="As the parameter.")] = None,
        form_channel_id: Annotated[
            str | None, Form(alias="channel_id", max_length=64, description="As the parameter.")
        ] = None,
    ) -> Response:
        """Post what stands in a file, in either form. What the form says goes before the parameters."""
        unknown = next((name for name in await request.form() if name not in _PARTS), None)
        if unknown is not None:
            raise RefusedError(invalid(unknown[:100], _WEBHOOK if unknown == "webhook_url" else _UNKNOWN))
        dry_run = dry_run if form_dry_run is None else form_dry_run
        channel_id = form_channel_id or channel_id
        content = await file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise RefusedError(Refusal(413, "too-large", "Too large", f"a file has at most {LARGEST_FILE} bytes"))
        try:
            if b'"team_members"' in content:
                bodies = TeamStandupBody.model_validate_json(content).team_members
            else:
                bodies = [StandupBody.model_validate_json(content)]
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RefusedError(invalid(f"file.{where}" if where else "file", first["msg"])) from None
        return await self._post(bodies, dry_run, channel_id)

    @requires(Role.USER)
    @get("/standup/templates", response_model=StandupTemplatesAnswer)
    async def get_standup_templates(self) -> Response:
        """Get examples of both forms, and the words that there are."""
        return self.answer(
            200,
            StandupTemplatesAnswer(
                single_standup_template=SINGLE,
                team_standup_template=TEAM,
                status_options=[one.value for one in ItemStatus],
                priority_options=[one.value for one in ItemPriority],
                effort_options=EFFORTS,
            ),
        )

    @requires(Role.USER)
    @get("/health", response_model=TeamsHealthAnswer)
    async def get_teams_health(self) -> Response:
        """Tell whether there is a channel for stand-ups that name none."""
        return self.answer(
            200,
            TeamsHealthAnswer(
                status="healthy",
                service="teams",
                webhook_configured=bool(self._configured.url),
                timestamp=self._clock.now(),
            ),
        )

    async def _post(self, bodies: list[StandupBody], dry_run: bool, channel_id: str | None) -> Response:
        now = self._clock.now()
        today = now.astimezone(self._zone).date()
        standups = tuple(body.standup(today) for body in bodies)
        command = PostStandupCommand(standups=standups, channel_id=channel_id, dry_run=dry_run)
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        view = result.data
        message = "Dry run: nothing was sent" if view.dry_run else "The stand-up is queued"
        return self.answer(
            200,
            PostedStandupAnswer(
                status="success",
                message=message,
                dry_run=view.dry_run,
                timestamp=now,
                notification_id=view.notification_id,
                payload=view.payload,
            ),
        )
