"""The table behind ``labs_record/``."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from integration.simulators.connect.state_file import StateFile

COLUMNS = (
    "id", "username", "experiment", "opportunity_id", "organization_id", "program_id", "labs_record_id", "type",
    "data", "public",
)  # fmt: skip
"""As serialised, in this order."""
SCOPES = ("opportunity", "program", "organization")
"""In the order in which the server looks for the one that decides."""

FIRST_ID = 4_501


@dataclass(frozen=True)
class Row:
    """One record; ``values`` by column."""

    values: dict[str, Any] = field(hash=False)

    @cached_property
    def body(self) -> bytes:
        """The record as it is sent."""
        return json.dumps(self.values, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    @property
    def id(self) -> int:
        return int(self.values["id"])

    @property
    def owner(self) -> tuple[str, int] | None:
        """The scope that decides who may touch it; None when nobody owns it."""
        for kind in SCOPES:
            if self.values[f"{kind}_id"] is not None:
                return kind, self.values[f"{kind}_id"]
        return None


class RecordTable:
    """Rows by id, in no order that anybody may rely on: like in the real table a changed row moves to the end."""

    def __init__(self, state: StateFile) -> None:
        self.rows: dict[int, Row] = {}
        self._by_scope: defaultdict[tuple[str, int], dict[int, None]] = defaultdict(dict)
        self._public: dict[int, None] = {}
        self._children: defaultdict[int, dict[int, None]] = defaultdict(dict)
        self._state = state
        self._next_id = FIRST_ID
        kept = state.keep("records", self._kept)
        self.was_kept = kept is not None
        if kept is not None:
            self._put_all(kept["rows"])
            self._next_id = kept["next_id"]

    def new_id(self) -> int:
        """Return an id that no record has or had."""
        while self._next_id in self.rows:
            self._next_id += 1
        self._next_id += 1
        return self._next_id - 1

    def under(self, kind: str, number: int) -> Iterator[Row]:
        """Yield the rows of a scope."""
        return (self.rows[one] for one in self._by_scope.get((kind, number), ()))

    def public(self) -> Iterator[Row]:
        """Yield the public rows."""
        return (self.rows[one] for one in self._public)

    def commit(self, put: Iterable[Row] = (), remove: Iterable[int] = ()) -> None:
        """Change the table in one step; what refers to a removed row goes with it."""
        for row in put:
            self._put(row)
        for one in remove:
            self._remove(one)
        self._state.changed()

    def replace_all(self, records: list[dict[str, Any]], *, restart_ids: bool = False) -> None:
        """Have exactly these records. Ids that were given out stay given out, unless they start over."""
        for held in (self.rows, self._by_scope, self._public, self._children):
            held.clear()
        if restart_ids:
            self._next_id = FIRST_ID
        self._put_all(records)
        self._state.changed()

    def _put_all(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            self._put(Row({name: record[name] for name in COLUMNS}))

    def _put(self, row: Row) -> None:
        self._take_out(row.id)
        self.rows[row.id] = row
        for kind in SCOPES:
            if (number := row.values[f"{kind}_id"]) is not None:
                self._by_scope[kind, number][row.id] = None
        if row.values["public"]:
            self._public[row.id] = None
        if (parent := row.values["labs_record_id"]) is not None:
            self._children[parent][row.id] = None

    def _remove(self, record_id: int) -> None:
        waiting = [record_id]
        while waiting:
            one = waiting.pop()
            waiting += self._children.pop(one, ())
            self._take_out(one)

    def _take_out(self, record_id: int) -> None:
        row = self.rows.pop(record_id, None)
        if row is None:
            return
        for kind in SCOPES:
            self._by_scope.get((kind, row.values[f"{kind}_id"]), {}).pop(record_id, None)
        self._public.pop(record_id, None)
        self._children.get(row.values["labs_record_id"], {}).pop(record_id, None)

    def _kept(self) -> dict[str, Any]:
        return {"rows": [row.values for row in self.rows.values()], "next_id": self._next_id}
