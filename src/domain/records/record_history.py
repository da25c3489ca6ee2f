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
from domain.records.json_text import from_text, to_text
from domain.records.values import JsonValue, LabsRecord, RecordOrigin

_COLUMNS = (
    "experiment",
    "type",
    "username",
    "opportunity_id",
    "organization_id",
    "program_id",
    "labs_record_id",
    "public",
)


class LabsRecordState(RememberedState):
    """The record as it is after its last event; ``record`` is None once it is removed, and before it exists."""

    record: LabsRecord | None = None

    @reduces(LabsRecordCreatedDomainEvent)
    def _created(self, event: LabsRecordCreatedDomainEvent) -> None:
        columns = {name: getattr(event, name) for name in _COLUMNS}
        self.record = LabsRecord(id=int(event.aggregate_id), data=from_text(event.data), **columns)

    @reduces(LabsRecordChangedDomainEvent)
    def _changed(self, event: LabsRecordChangedDomainEvent) -> None:
        if self.record is None:
            return
        values = {name: self.record.value_of(name) for name in (*_COLUMNS, "data")} | event.fields
        if event.data is not None:
            values["data"] = from_text(event.data)
        self.record = LabsRecord(id=self.record.id, **values)

    @reduces(LabsRecordRemovedDomainEvent)
    def _removed(self, _event: LabsRecordRemovedDomainEvent) -> None:
        self.record = None


class LabsRecordHistory(Aggregate[LabsRecordState]):
    """One record: created, changed, removed; created again when the system of record says so."""

    @property
    def present(self) -> LabsRecord:
        """The record as it is now.

        Raises:
            RecordNotFoundError: it is removed.
        """
        if self.state.record is None:
            raise RecordNotFoundError(int(self.state.id or 0))
        return self.state.record

    @classmethod
    def begin(cls, record: LabsRecord, at: datetime, origin: RecordOrigin = RecordOrigin.HERE) -> "LabsRecordHistory":
        """Start the history of a record that is new here."""
        history = cls()
        history.create(record, at, origin)
        return history

    def create(self, record: LabsRecord, at: datetime, origin: RecordOrigin = RecordOrigin.HERE) -> None:
        """Record that it came to be, for the first time or again after it was removed."""
        columns = {name: record.value_of(name) for name in _COLUMNS}
        self.record(
            LabsRecordCreatedDomainEvent(
                aggregate_id=str(record.id), created_at=at, data=to_text(record.data), origin=origin, **columns
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
        different = {name: value for name, value in fields.items() if not _is_same(before.value_of(name), value)}
        if not different:
            return []
        changed = [name for name in different if name != "data"]
        data: str | None = None
        if "data" in different:
            new = different.pop("data")
            data = to_text(new)
            changed += _changed_keys(before.data, new)
        self.record(
            LabsRecordChangedDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                fields=different,
                data=data,
                changed=changed,
                action=action,
                origin=origin,
            )
        )
        return changed

    def remove(self, at: datetime, *, because_of: int | None = None, origin: RecordOrigin = RecordOrigin.HERE) -> None:
        """Record that it was removed.

        Raises:
            RecordNotFoundError: it is removed already.
        """
        record_id = str(self.present.id)
        self.record(
            LabsRecordRemovedDomainEvent(aggregate_id=record_id, created_at=at, because_of=because_of, origin=origin)
        )


def _is_same(before: JsonValue, after: JsonValue) -> bool:
    """Equal values in another order of keys are a change: what was given is what comes back."""
    return same_json(before, after) and (not isinstance(after, dict | list) or to_text(before) == to_text(after))


def _changed_keys(before: JsonValue, after: JsonValue) -> list[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ["data"]
    missing = object()
    keys = [*before, *(key for key in after if key not in before)]
    return [f"data.{key}" for key in keys if not same_json(before.get(key, missing), after.get(key, missing))] or [
        "data"
    ]
