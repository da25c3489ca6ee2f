"""Typed events to stored documents and back, by stable names; old versions are lifted by upcasters."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any, get_type_hints

import msgspec

from application.kernel.generics import alternatives
from domain.kernel.domain_event import ENVELOPE_FIELDS, RecordedDomainEvent
from domain.kernel.errors import LabkeeperError, UndecodableEventError
from domain.kernel.stream_events import KERNEL_EVENTS
from integration.mongo.driver import MongoDocument

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the data of one version and returns the data of the next."""

StoredEvent = tuple[str, int, Mapping[str, Any]]
"""Stream, version and what is stored."""

_STORED_AS_IS = {str, int, float, bool, datetime, bytes, type(None)}
_UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)


class UnregisteredEventError(LabkeeperError):
    """An event's class is not in the catalogue of the log it should go to."""


class DuplicateEventTypeError(LabkeeperError):
    """Two classes claim the same stored type name."""


class EventCodec:
    """Encodes and decodes the events of one log.

    Args:
        log: name of the log, for error messages.
        event_classes: every class that may stand in it, in its newest version.
        upcasters: by stored type name ``<name>.v<n>``, how to lift its data to ``<name>.v<n+1>``; chains are followed.
    """

    def __init__(
        self,
        log: str,
        event_classes: Iterable[type[RecordedDomainEvent]],
        upcasters: Mapping[str, Upcaster] | None = None,
    ) -> None:
        self.log = log
        self._classes: dict[str, type[RecordedDomainEvent]] = {}
        for event_class in (*event_classes, *KERNEL_EVENTS):
            if self._classes.setdefault(event_class.event_type, event_class) is not event_class:
                raise DuplicateEventTypeError(f"{event_class.event_type} is claimed twice in log {log}")
        self._known = frozenset(self._classes.values())
        self._lists: dict[type[RecordedDomainEvent], Any] = {known: list[known] for known in self._known}  # type: ignore[valid-type]  # a type made at run time
        self._flat = {known: flat for known in self._known if (flat := _flat(known)) is not None}
        self._upcasters = dict(upcasters or {})

    @property
    def event_types(self) -> frozenset[str]:
        """Stored type names that this log may hold in their newest version."""
        return frozenset(self._classes)

    def with_older_versions(self, event_types: Collection[str]) -> frozenset[str]:
        """Return the names and those of all stored versions that upcasters lift to one of them."""
        names = frozenset(event_types)
        while older := {old for old in self._upcasters if old not in names and _next_version(old) in names}:
            names |= older
        return names

    def encode(self, event: RecordedDomainEvent) -> MongoDocument:
        """Return ``{id, type, at, data}`` of an event.

        Raises:
            UnregisteredEventError: its class is not in the catalogue.
        """
        if event.__class__ not in self._known:
            raise UnregisteredEventError(f"{type(event).__name__} is not an event of log {self.log}")
        flat = self._flat.get(event.__class__)
        if flat is not None:
            names, values_of = flat
            data = dict(zip(names, values_of(event), strict=True))
        else:
            data = msgspec.to_builtins(event, builtin_types=(datetime, bytes))
            for name in ENVELOPE_FIELDS:
                del data[name]
        return {"id": event.event_id, "type": event.event_type, "at": event.created_at, "data": data}

    @staticmethod
    def type_of(stored: object) -> str:
        """Return the type name that a stored event claims, whatever has become of it."""
        return str(stored.get("type")) if isinstance(stored, dict) else "no document"

    def decode(self, stream: str, version: int, stored: Mapping[str, Any]) -> RecordedDomainEvent:
        """Return the typed event that a stored document holds. The document's data is used up.

        Raises:
            UndecodableEventError: unknown type, or data that does not fit it; names log, stream, version and type.
        """
        try:
            event_class, data = self._fields(version, stored)
            return msgspec.convert(data, event_class)
        except _UNREADABLE as error:
            raise UndecodableEventError(self.log, stream, version, self.type_of(stored), _why(error)) from error

    def decode_many(self, stored: Sequence[StoredEvent]) -> list[RecordedDomainEvent]:
        """Return the typed events of many documents, in the same order, in half the time of one by one.

        Raises:
            UndecodableEventError: as ``decode``, about the first that cannot be read.
        """
        # One conversion per class: msgspec looks at a dataclass anew in every call.
        places: dict[type[RecordedDomainEvent], list[int]] = {}
        fields: dict[type[RecordedDomainEvent], list[dict[str, Any]]] = {}
        events: list[Any] = [None] * len(stored)
        try:
            for place, (_, version, document) in enumerate(stored):
                event_class, data = self._fields(version, document)
                if event_class in places:
                    places[event_class].append(place)
                    fields[event_class].append(data)
                else:
                    places[event_class] = [place]
                    fields[event_class] = [data]
            for event_class, of_class in fields.items():
                converted = msgspec.convert(of_class, self._lists[event_class])
                for place, event in zip(places[event_class], converted, strict=True):
                    events[place] = event
        except _UNREADABLE:
            return [self.decode(*one) for one in stored]
        return events

    def _fields(self, version: int, stored: Mapping[str, Any]) -> tuple[type[RecordedDomainEvent], dict[str, Any]]:
        event_class = self._classes.get(stored.get("type", ""))
        data = stored["data"]
        if event_class is None:
            event_class, data = self._lift(self.type_of(stored), data)
        event_id: str = stored["id"]
        data["event_id"] = event_id
        data["aggregate_id"] = event_id.rpartition(".")[0]
        data["created_at"] = stored["at"]
        data["aggregate_version"] = version
        return event_class, data

    def _lift(self, event_type: str, data: dict[str, Any]) -> tuple[type[RecordedDomainEvent], dict[str, Any]]:
        lifted = event_type
        while lifted not in self._classes:
            upcaster = self._upcasters.get(lifted)
            following = _next_version(lifted)
            if upcaster is None or following is None:
                raise ValueError("no class and no upcaster for this type")
            data = upcaster(dict(data))
            lifted = following
        return self._classes[lifted], data


def _flat(event_class: type[RecordedDomainEvent]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]] | None:
    """Return how to read the fields of events that hold nothing but what is stored as it is; None for others."""
    hints = get_type_hints(event_class)
    names = tuple(field.name for field in fields(event_class) if field.name not in ENVELOPE_FIELDS)
    if len(names) < 2 or not all(set(alternatives(hints[name])) <= _STORED_AS_IS for name in names):
        return None
    return names, attrgetter(*names)


def _next_version(event_type: str) -> str | None:
    name, _, number = event_type.rpartition(".v")
    return f"{name}.v{int(number) + 1}" if number.isdecimal() else None


def _why(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)
