"""The life of one record as its events tell it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.records.conditions import same_json
from domain.records.errors import RecordNotFoundError
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.json_text import from_text, is_written_alike, key_in_path, to_text
from domain.records.values import JsonValue, LabsRecord, RecordOrigin

COLUMNS = (
    "experiment",
    "type",
    "username",
    "opportunity_id",
    "organization_id",
    "program_id",
    "labs_record_id",
    "public",
)
_TOLD_WITH_EVERY_EVENT = ("experiment", "type", "opportunity_id", "organization_id", "program_id", "public")
MOST_CHANGED_KEYS = 200
LONGEST_CHANGED_KEY = 200


class LabsRecordState(RememberedState):
    """The record as it is after its last event; ``data`` is its JSON text, None before it exists and once removed."""

    columns: dict[str, Any]
    data: str | None

    def __init__(self) -> None:
        super().__init__()
        self.columns = {}
        self.data = None

    @property
    def record(self) -> LabsRecord | None:
        """The record; None once it is removed, and before it exists."""
        if self.data is None:
            return None
        return LabsRecord(id=int(self.id), data=from_text(self.data), **self.columns)

    @reduces(LabsRecordCreatedDomainEvent)
    def _created(self, event: LabsRecordCreatedDomainEvent) -> None:
        self.columns = {name: getattr(event, name) for name in COLUMNS}
        self.data = event.data

    @reduces(LabsRecordChangedDomainEvent)
    def _changed(self, event: LabsRecordChangedDomainEvent) -> None:
        if self.data is None:
            return
        self.columns = {**self.columns, **event.fields}
        if event.data is not None:
            self.data = event.data

    @reduces(LabsRecordRemovedDomainEvent)
    def _removed(self, _event: LabsRecordRemovedDomainEvent) -> None:
        self.data = None


class LabsRecordHistory(Aggregate[LabsRecordState]):
    """One record: created, changed, removed; created again when the system of record says so."""

    @property
    def present(self) -> LabsRecord:
        """The record as it is now.

        Raises:
            RecordNotFoundError: it is removed.
        """
        record = self.state.record
        if record is None:
            raise RecordNotFoundError(int(self.state.id or 0))
        return record

    @classmethod
    def begin(cls, record: LabsRecord, at: datetime, origin: RecordOrigin = RecordOrigin.HERE) -> "LabsRecordHistory":
        """Start the history of a record that is new here."""
        history = cls()
        history.create(record, at, origin)
        return history

    def become(
        self, record: LabsRecord, at: datetime, *, action: str = "", origin: RecordOrigin = RecordOrigin.HERE
    ) -> None:
        """Record whatever it takes for the record to be like this: that it came to be, what changed, or nothing."""
        if self.state.data is None:
            self.create(record, at, origin, action=action)
        else:
            values = {name: record.value_of(name) for name in (*COLUMNS, "data")}
            self.change(values, at, action=action, origin=origin)

    def create(
        self, record: LabsRecord, at: datetime, origin: RecordOrigin = RecordOrigin.HERE, *, action: str = ""
    ) -> None:
        """Record that it came to be, for the first time or again after it was removed."""
        columns = {name: record.value_of(name) for name in COLUMNS}
        self.record(
            LabsRecordCreatedDomainEvent(
                aggregate_id=str(record.id),
                created_at=at,
                data=to_text(record.data),
                action=action,
                origin=origin,
                **columns,
            )
        )

    def change(
        self,
        fields: Mapping[str, Any],
        at: datetime,
        *,
        action: str = "",
        origin: RecordOrigin = RecordOrigin.HERE,
    ) -> list[str]:
        """Take over new values; record nothing when nothing differs.

        Returns:
            The names of what changed, see ``LabsRecordChangedDomainEvent.changed``.
        """
        before = self.present
        different = {
            name: value
            for name, value in fields.items()
            if name != "data" and not same_json(before.value_of(name), value)
        }
        changed = list(different)
        data: str | None = None
        # Equal values in another order of keys are a change: what was given is what comes back.
        if "data" in fields and (text := to_text(fields["data"])) != self.state.data:
            data = text
            changed += _changed_keys(before.data, fields["data"])
        if not changed:
            return []
        self.record(
            LabsRecordChangedDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                fields=different,
                data=data,
                changed=changed,
                action=action,
                origin=origin,
                **self._told({**self.state.columns, **different}),
            )
        )
        return changed

    def remove(self, at: datetime, *, because_of: int | None = None, origin: RecordOrigin = RecordOrigin.HERE) -> None:
        """Record that it was removed.

        Raises:
            RecordNotFoundError: it is removed already.
        """
        if self.state.data is None:
            raise RecordNotFoundError(int(self.state.id or 0))
        self.record(
            LabsRecordRemovedDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                because_of=because_of,
                origin=origin,
                **self._told(self.state.columns),
            )
        )

    @staticmethod
    def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
        return {name: columns[name] for name in _TOLD_WITH_EVERY_EVENT}


def _changed_keys(before: JsonValue, after: JsonValue) -> list[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ["data"]
    missing: Any = object()
    keys = [*before, *(key for key in after if key not in before)]
    changed = [key for key in keys if not is_written_alike(before.get(key, missing), after.get(key, missing))]
    if not 0 < len(changed) <= MOST_CHANGED_KEYS or any(len(key) > LONGEST_CHANGED_KEY for key in changed):
        return ["data"]
    return [f"data.{key_in_path(key)}" for key in changed]
