"""Reads labs from what a controller says, one by one: a bad lab is a failure and the others go on.

Hand-tuned, because a cycle reads ten thousand labs: exact type tests instead of a schema library, one pass, and
timestamps remembered (most of them are the same as in the last cycle). Labs are remembered as well, see
``remembered_tiles``.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from application.labs.ports import LabFailure
from domain.labs.values import LabId, LabSnapshot
from integration.labs.cml_clues import shown, title_clue
from integration.labs.remembered_tiles import LabsAsTold, RememberedTiles

_match_id = re.compile(r"[A-Za-z0-9_-]{1,64}\Z").match

# Ten times what the controller itself accepts, so that a more generous version still works.
MAX_TITLE = 640
MAX_DESCRIPTION = 40_960
MAX_NOTES = 327_680
MAX_NAME = 1_280
MAX_STATE = 128
MAX_COUNT = 1_000_000
MAX_GROUPS = 1_000
_REMEMBERED_TIMESTAMPS = 200_000
_FIRST_YEAR = 1990
_FUTURE_TOLERANCE = timedelta(days=2)


def is_lab_id(value: object) -> bool:
    """Return whether a value can be the id of a lab."""
    return isinstance(value, str) and _match_id(value) is not None


class UnreadableLabError(Exception):
    """A lab breaks the contract; the message says where and never repeats oversize content."""


class LabReading:
    """The labs of one listing, gathered piece by piece.

    Attributes:
        labs: by id, in the order of the answer.
        failures: labs that could not be read.
        doubts: why the listing as a whole cannot be trusted; empty when it can.
    """

    def __init__(self) -> None:
        self.labs: dict[str, LabSnapshot] = {}
        self.failures: list[LabFailure] = []
        self.doubts: list[str] = []

    def seen_ids(self) -> set[str]:
        """Return the ids of all labs that the controller spoke of, readable or not."""
        return self.labs.keys() | {failure.lab_id for failure in self.failures if failure.lab_id is not None}


class CmlLabParser:
    """Reads labs. One per process, for the sake of the remembered timestamps."""

    def __init__(self) -> None:
        self._timestamps: dict[str, datetime] = {}

    def read_tiles(self, answer: object, now: datetime, remembered: RememberedTiles | None = None) -> LabReading | None:
        """Read the answer to ``populate_lab_tiles``: a map by lab id or a list, with or without ``lab_tiles`` around.

        Args:
            remembered: the answer before this one; it is made to hold this one. None to read every lab in full.

        Returns:
            None when the answer as a whole is something else.
        """
        tiles = answer.get("lab_tiles") if type(answer) is dict else answer
        if type(tiles) is dict:
            return self._read_all(tiles.items(), now, remembered)
        if type(tiles) is list:
            if tiles and not any(type(tile) is dict for tile in tiles):
                return None
            return self._read_all(((None, tile) for tile in tiles), now, remembered)
        return None

    def read_into(self, reading: LabReading, lab_id: str, data: object, now: datetime) -> None:
        """Read the answer to ``labs/{id}`` into a reading."""
        self._read_one(reading, lab_id, data, now + _FUTURE_TOLERANCE)

    def _read_all(
        self, items: Iterable[tuple[str | None, object]], now: datetime, remembered: RememberedTiles | None
    ) -> LabReading:
        reading = LabReading()
        latest = now + _FUTURE_TOLERANCE
        if remembered is None:
            for key, data in items:
                self._read_one(reading, key, data, latest)
        else:
            remembered.labs = self._read_changed(reading, items, latest, remembered.labs)
        return reading

    def _read_changed(
        self, reading: LabReading, items: Iterable[tuple[str | None, object]], latest: datetime, before: LabsAsTold
    ) -> LabsAsTold:
        after: LabsAsTold = {}
        taken = reading.labs
        for key, data in items:
            listed_as: Any = data.get("id") if key is None and type(data) is dict else key
            known = before.get(listed_as) if type(listed_as) is str else None
            if known is not None and known[0] == data and listed_as not in taken:
                taken[listed_as] = known[1]
                after[listed_as] = known
            elif (lab := self._read_one(reading, key, data, latest)) is not None:
                after[listed_as] = (data, lab)
        return after

    def _read_one(self, reading: LabReading, key: str | None, data: object, latest: datetime) -> LabSnapshot | None:
        """Read one lab into a reading; None when it could not be read or was there already."""
        try:
            lab = self._lab(key, data, latest)
        except UnreadableLabError as error:
            lab_id: Any = key
            if key is None and type(data) is dict:
                lab_id = data.get("id")
            if is_lab_id(lab_id):
                reading.failures.append(LabFailure(lab_id, str(error)))
            else:
                reading.failures.append(LabFailure(None, str(error) + title_clue(data)))
            return None
        if lab.lab_id in reading.labs:
            reading.doubts.append(f"lab {lab.lab_id} is listed twice")
            return None
        reading.labs[lab.lab_id] = lab
        return lab

    def _lab(self, key: str | None, data: object, latest: datetime) -> LabSnapshot:
        if type(data) is not dict:
            raise UnreadableLabError(
                "the lab is not an object" if key is None else f"lab {shown(key)} is not an object"
            )
        get = data.get
        lab_id = get("id", key)
        if type(lab_id) is not str or _match_id(lab_id) is None:
            raise UnreadableLabError("id is missing" if lab_id is None else f"id is malformed: it is {shown(lab_id)}")
        if key is not None and lab_id != key:
            raise UnreadableLabError(f"id is {shown(lab_id)}, yet it is listed under {shown(key)}")
        title = get("lab_title")
        if type(title) is not str or not title or len(title) > MAX_TITLE:
            raise UnreadableLabError(_text_problem("lab_title", title, MAX_TITLE))
        state = get("state")
        if type(state) is not str or not state or len(state) > MAX_STATE:
            raise UnreadableLabError(_text_problem("state", state, MAX_STATE))
        description = get("lab_description", "")
        if type(description) is not str or len(description) > MAX_DESCRIPTION:
            description = _optional_text("lab_description", description, MAX_DESCRIPTION) or ""
        notes = get("lab_notes", "")
        if type(notes) is not str or len(notes) > MAX_NOTES:
            notes = _optional_text("lab_notes", notes, MAX_NOTES) or ""
        owner = get("owner", "")
        if type(owner) is not str or len(owner) > MAX_NAME:
            owner = _optional_text("owner", owner, MAX_NAME) or ""
        username = get("owner_username")
        if type(username) is not str or len(username) > MAX_NAME:
            username = _optional_text("owner_username", username, MAX_NAME)
        fullname = get("owner_fullname")
        if type(fullname) is not str or len(fullname) > MAX_NAME:
            fullname = _optional_text("owner_fullname", fullname, MAX_NAME)
        nodes = get("node_count", 0)
        if type(nodes) is not int or not 0 <= nodes <= MAX_COUNT:
            nodes = _optional_count("node_count", nodes)
        links = get("link_count", 0)
        if type(links) is not int or not 0 <= links <= MAX_COUNT:
            links = _optional_count("link_count", links)
        created = get("created")
        if created is not None:
            created = self._timestamp("created", created, latest)
        modified = get("modified")
        if modified is not None:
            modified = self._timestamp("modified", modified, latest)
        groups = get("groups")
        return LabSnapshot(
            lab_id=LabId(lab_id),
            title=title,
            description=description,
            notes=notes,
            state=state,
            owner_id=owner,
            owner_username=username,
            owner_fullname=fullname,
            node_count=nodes,
            link_count=links,
            groups=_group_names(groups) if groups else (),
            cml_created_at=created,
            cml_modified_at=modified,
        )

    def _timestamp(self, name: str, value: object, latest: datetime) -> datetime | None:
        """Return a time in UTC. One without an offset is taken for UTC; an empty text for an absent one."""
        if type(value) is not str:
            raise UnreadableLabError(f"{name} is not a text")
        known = self._timestamps.get(value)
        if known is not None:
            return known
        if not value:
            return None
        if not 10 < len(value) <= 40:
            raise UnreadableLabError(f"{name} is not a date and time")
        try:
            at = datetime.fromisoformat(value)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise UnreadableLabError(f"{name} is not a date and time") from error
        if at.year < _FIRST_YEAR or at > latest:
            raise UnreadableLabError(f"{name} is absurd: {value}")
        if len(self._timestamps) >= _REMEMBERED_TIMESTAMPS:
            self._timestamps.clear()
        self._timestamps[value] = at
        return at


def _text_problem(name: str, value: object, limit: int) -> str:
    if value is None or value == "":
        return f"{name} is missing"
    if type(value) is not str:
        return f"{name} is not a text"
    return f"{name} has more than {limit} characters"


def _optional_text(name: str, value: object, limit: int) -> str | None:
    if value is None:
        return None
    raise UnreadableLabError(_text_problem(name, value, limit))


def _optional_count(name: str, value: object) -> int:
    if value is None:
        return 0
    raise UnreadableLabError(f"{name} is not a number between 0 and {MAX_COUNT}")


def _group_names(groups: object) -> tuple[str, ...]:
    """Return the names, sorted, each once. A group without a name goes by its id; before 2.0 they were plain texts."""
    if type(groups) is not list or len(groups) > MAX_GROUPS:
        raise UnreadableLabError(f"groups is not a list of at most {MAX_GROUPS}")
    names = set()
    for group in groups:
        name: Any = group
        if type(group) is dict:
            name = group.get("name") or group.get("id")
        if type(name) is not str or not name or len(name) > MAX_NAME:
            raise UnreadableLabError("groups has an entry without a readable name")
        names.add(name)
    return tuple(sorted(names))
