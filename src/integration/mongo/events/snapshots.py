"""States of long streams, kept to spare replaying them. They may be thrown away at any time."""

from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from domain.kernel.aggregate import Aggregate, RememberedState
from integration.mongo.driver import MongoCollection, MongoDriver, translating_outages


class Snapshots:
    """Snapshots of one log's aggregates, in the collection ``<log>_snapshots``.

    Args:
        every: a snapshot is taken when so many events were replayed to load an aggregate. 500 events load in about
            4 ms without one, so small thresholds only cost writes.
        schema_version: part of the key; raise it when a state's fields change and old snapshots are ignored.
    """

    def __init__(self, driver: MongoDriver, log: str, every: int = 1000, schema_version: int = 1) -> None:
        self._collection: MongoCollection = driver.collection(f"{log}_snapshots")
        self._every = every
        self._schema_version = schema_version

    async def restore_async(self, stream: str, aggregate: Aggregate[Any]) -> None:
        """Bring a fresh aggregate to its last snapshot; leave it alone when there is none that fits."""
        with translating_outages("the snapshot store"):
            document = await self._collection.find_one({"_id": self._key(stream)})
        if document is None:
            return
        state = aggregate.state
        hints = _fields(type(state))
        if hints.keys() != document["state"].keys():
            return
        try:
            values = {name: msgspec.convert(value, hints[name]) for name, value in document["state"].items()}
        except msgspec.ValidationError:
            return
        vars(state).update(values)

    async def take_if_due_async(self, stream: str, aggregate: Aggregate[Any], restored_version: int) -> None:
        """Keep the state when enough events were replayed since the snapshot it was restored from."""
        state = aggregate.state
        if state.state_version - restored_version < self._every:
            return
        values = {
            name: msgspec.to_builtins(getattr(state, name), builtin_types=(datetime,)) for name in _fields(type(state))
        }
        with translating_outages("the snapshot store"):
            await self._collection.replace_one(
                {"_id": self._key(stream)}, {"version": state.state_version, "state": values}, upsert=True
            )

    async def discard_async(self, stream: str) -> None:
        """Throw a stream's snapshot away."""
        with translating_outages("the snapshot store"):
            await self._collection.delete_one({"_id": self._key(stream)})

    def _key(self, stream: str) -> str:
        return f"{stream}#{self._schema_version}"


def _fields(state_class: type[RememberedState]) -> dict[str, Any]:
    hints = get_type_hints(state_class)
    return {name: str if name == "id" else hint for name, hint in hints.items() if not name.startswith("_")}
