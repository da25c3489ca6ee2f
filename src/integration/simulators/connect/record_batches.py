"""What a batch of POST or DELETE does, all of it or nothing."""

from typing import Any

from integration.simulators.connect.accounts import User
from integration.simulators.connect.record_table import SCOPES, RecordTable, Row
from integration.simulators.connect.wire import ServerCrashError, not_found
from integration.simulators.connect.world import World

_REFERENCES = (*(f"{kind}_id" for kind in SCOPES), "labs_record_id")
_ACCEPTED = {"id", "experiment", "type", "data", "public", "username", *_REFERENCES}
_MOST_TYPE_CHARACTERS = 255


class RecordBatches:
    """Writes on somebody's behalf."""

    def __init__(self, table: RecordTable, world: World) -> None:
        self._table = table
        self._world = world

    def upsert(self, user: User, said: Any) -> list[Row]:
        """Insert and update; return the records in the order of the items.

        An item with an id and a scope of its own is not held against the scope of the record that is there.
        """
        items = _items(said)
        self._check_permission(user, items)
        made: dict[int, Row] = {}
        told: list[int] = []
        for item in items:
            row = self._applied(item, made)
            made[row.id] = row
            told.append(row.id)
        for row in made.values():
            parent = row.values["labs_record_id"]
            if parent is not None and parent not in self._table.rows and parent not in made:
                raise ServerCrashError
        self._table.commit(put=made.values())
        return [made[one] for one in told]

    def delete(self, user: User, said: Any) -> None:
        """Remove what the user can reach of the named records, and their children."""
        items = _items(said)
        self._check_permission(user, items)
        ids = [one for item in items if (one := _id_of(item)) is not None]
        self._table.commit(
            remove=[one for one in ids if one in self._table.rows and self._may_touch(user, self._table.rows[one])]
        )

    def _check_permission(self, user: User, items: list[dict[str, Any]]) -> None:
        for item in items:
            named = [(kind, item[f"{kind}_id"]) for kind in SCOPES if item.get(f"{kind}_id") is not None]
            for kind, number in named:
                if not self._world.is_member(user, kind, _whole_number(number)):
                    raise not_found()
            record_id = _id_of(item)
            if record_id is None or named:
                continue
            row = self._table.rows.get(record_id)
            if row is None or not self._may_touch(user, row):
                raise not_found()

    def _may_touch(self, user: User, row: Row) -> bool:
        return row.owner is None or self._world.is_member(user, *row.owner)

    def _applied(self, item: dict[str, Any], made: dict[int, Row]) -> Row:
        if not item.keys() <= _ACCEPTED:
            raise ServerCrashError
        record_id = _id_of(item)
        known = None if record_id is None else made.get(record_id) or self._table.rows.get(record_id)
        values = dict(_BLANK if known is None else known.values)
        values["id"] = record_id if record_id is not None else self._table.new_id()
        for name in item.keys() - {"id", "username"}:
            values[name] = _whole_number(item[name], optional=True) if name in _REFERENCES else item[name]
        if item.get("username"):
            if self._world.users.find(item["username"]) is None:
                raise ServerCrashError
            values["username"] = item["username"]
        _check_columns(values)
        row = Row(values)
        try:
            row.body  # noqa: B018 text that is no Unicode cannot be stored
        except ValueError as error:
            raise ServerCrashError from error
        return row


_BLANK = {
    "id": None,
    "username": None,
    "experiment": "",
    "opportunity_id": None,
    "organization_id": None,
    "program_id": None,
    "labs_record_id": None,
    "type": "",
    "data": None,
    "public": False,
}


def _items(said: Any) -> list[dict[str, Any]]:
    items = said if isinstance(said, list) else [said]
    if not all(isinstance(item, dict) for item in items):
        raise ServerCrashError
    return items


def _id_of(item: dict[str, Any]) -> int | None:
    record_id: int | None = _whole_number(item.get("id"), optional=True)
    return record_id


def _whole_number(value: Any, *, optional: bool = False) -> Any:
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ServerCrashError
    try:
        return int(value)
    except ValueError as error:
        raise ServerCrashError from error


def _check_columns(values: dict[str, Any]) -> None:
    texts = all(isinstance(values[name], str) and "\0" not in values[name] for name in ("experiment", "type"))
    if not texts or len(values["type"]) > _MOST_TYPE_CHARACTERS:
        raise ServerCrashError
    if values["data"] is None or not isinstance(values["public"], bool):
        raise ServerCrashError
