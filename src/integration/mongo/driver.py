"""One face for two drivers: motor, which the product names, and pymongo's own asynchronous client.

The two differ in what is awaited and in how sessions and change streams open; those differences end here. Everywhere
else a collection is pymongo's ``AsyncCollection`` by type, whichever driver stands behind it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal, TypeVar, cast

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from domain.kernel.errors import UnavailableError

MongoDocument = dict[str, Any]
MongoCollection = AsyncCollection[MongoDocument]
MongoSession = AsyncClientSession
DriverName = Literal["motor", "pymongo"]

T = TypeVar("T")
CLOSE_SECONDS = 0.5
"""A server that is gone is not told goodbye for longer than this."""

_SLACK_SECONDS = 0.5

OUTAGES = (ConnectionFailure, ExecutionTimeout, NetworkTimeout, ServerSelectionTimeoutError, WTimeoutError)
"""Driver errors that mean: no answer, and nobody knows whether a write happened."""

STEPPING_DOWN = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436, 262, 64, 10058, 6, 7, 89, 9001})
"""Server codes of a node that is shutting down, is no longer primary, or lost its network."""

_NOT_YET = "Sessions are not supported"
"""What drivers make of the greeting of a node that has only just begun to start. Later each node supports them."""


def is_outage(error: BaseException) -> bool:
    """Tell whether a driver error means that the database gives no answer right now."""
    if isinstance(error, OUTAGES) or (isinstance(error, ConfigurationError) and _NOT_YET in str(error)):
        return True
    return isinstance(error, PyMongoError) and (
        getattr(error, "code", None) in STEPPING_DOWN
        or error.has_error_label("RetryableWriteError")
        or error.has_error_label("TransientTransactionError")
        or error.has_error_label("UnknownTransactionCommitResult")
    )


@contextmanager
def translating_outages(what: str = "the database") -> Iterator[None]:
    """Turn driver errors that mean "no answer" into :class:`UnavailableError`; let all others rise."""
    try:
        yield
    except PyMongoError as error:
        if is_outage(error):
            raise UnavailableError(f"{what} gives no answer") from error
        raise


@asynccontextmanager
async def answering_within(seconds: float, what: str = "the database") -> AsyncIterator[None]:
    """As :func:`translating_outages`, and an answer that takes longer than ``seconds`` counts as none."""
    try:
        # The outer one is for operations that wait for a thread: all of them may be waiting for the same database.
        async with asyncio.timeout(seconds + _SLACK_SECONDS):
            with translating_outages(what), pymongo.timeout(seconds):
                yield
    except TimeoutError as error:
        raise UnavailableError(f"{what} gives no answer") from error


class MongoDriver(ABC):
    """A connection to one database. Collections of either driver take and give the same."""

    name: DriverName

    @abstractmethod
    def collection(self, name: str) -> MongoCollection:
        """Return a collection."""

    @abstractmethod
    async def run_in_transaction_async(self, work: Callable[[MongoSession], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction and commit it. It may be run again after a transient error."""

    @abstractmethod
    def watch(self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: Any) -> "_ChangeStreamContext":
        """Open a change stream: ``async with driver.watch(...) as changes: async for change in changes``."""

    @abstractmethod
    async def aggregate_async(self, collection: str, pipeline: Sequence[Mapping[str, Any]]) -> list[MongoDocument]:
        """Return all documents that a pipeline gives."""

    @abstractmethod
    async def command_async(self, command: Mapping[str, Any], database: str | None = None) -> MongoDocument:
        """Run a database command, on the product's database unless another is named."""

    @abstractmethod
    async def list_collections_async(self) -> list[str]:
        """Return the names of the database's collections."""

    @abstractmethod
    async def close_async(self) -> None:
        """Close all connections."""


_ChangeStreamContext = Any
_OPTIONS: dict[str, Any] = {
    "tz_aware": True,
    "w": "majority",
    "journal": True,
    "retryWrites": True,
    "retryReads": True,
    "uuidRepresentation": "standard",
    "serverSelectionTimeoutMS": 5_000,  # a caller hears of an outage within seconds; whoever must wait tries again
    # A server that is silent for the sum of both is noticed on the monitor's own connection, and who waits is freed.
    # What takes long on a server that lives is not touched, as it would be by a limit for each operation.
    "heartbeatFrequencyMS": 4_000,
    "connectTimeoutMS": 5_000,
    "maxPoolSize": 100,
    "minPoolSize": 4,
    "appname": "labkeeper",
}


class MotorDriver(MongoDriver):
    """motor 3.7: asyncio over pymongo's synchronous client and a thread pool."""

    name: DriverName = "motor"

    def __init__(self, uri: str, database: str, **options: Any) -> None:
        client: Any = AsyncIOMotorClient(uri, **{**_OPTIONS, **options})
        self._client = client
        self._database: Any = client[database]

    def collection(self, name: str) -> MongoCollection:
        return cast(MongoCollection, self._database[name])

    async def run_in_transaction_async(self, work: Callable[[MongoSession], Awaitable[T]]) -> T:
        async with await self._client.start_session() as session:
            return cast(T, await session.with_transaction(work))

    def watch(self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: Any) -> _ChangeStreamContext:
        return self._database[collection].watch(list(pipeline), **options)

    async def aggregate_async(self, collection: str, pipeline: Sequence[Mapping[str, Any]]) -> list[MongoDocument]:
        return cast(list[MongoDocument], await self._database[collection].aggregate(list(pipeline)).to_list(None))

    async def command_async(self, command: Mapping[str, Any], database: str | None = None) -> MongoDocument:
        target = self._client[database] if database else self._database
        return cast(MongoDocument, await target.command(dict(command)))

    async def list_collections_async(self) -> list[str]:
        return cast(list[str], await self._database.list_collection_names())

    async def close_async(self) -> None:
        with pymongo.timeout(CLOSE_SECONDS):
            self._client.close()


class PymongoAsyncDriver(MongoDriver):
    """pymongo's ``AsyncMongoClient``, motor's successor."""

    name: DriverName = "pymongo"

    def __init__(self, uri: str, database: str, **options: Any) -> None:
        self._client: AsyncMongoClient[MongoDocument] = AsyncMongoClient(uri, **{**_OPTIONS, **options})
        self._database = self._client[database]

    def collection(self, name: str) -> MongoCollection:
        return self._database[name]

    async def run_in_transaction_async(self, work: Callable[[MongoSession], Awaitable[T]]) -> T:
        async def body(session: MongoSession) -> T:
            return await work(session)

        async with self._client.start_session() as session:
            return await session.with_transaction(body)

    @asynccontextmanager
    async def _watch(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        async with await self._database[collection].watch(list(pipeline), **options) as changes:
            yield changes

    def watch(self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: Any) -> _ChangeStreamContext:
        return self._watch(collection, pipeline, options)

    async def aggregate_async(self, collection: str, pipeline: Sequence[Mapping[str, Any]]) -> list[MongoDocument]:
        cursor = await self._database[collection].aggregate(list(pipeline))
        return await cursor.to_list(None)

    async def command_async(self, command: Mapping[str, Any], database: str | None = None) -> MongoDocument:
        target = self._client[database] if database else self._database
        return await target.command(dict(command))

    async def list_collections_async(self) -> list[str]:
        return await self._database.list_collection_names()

    async def close_async(self) -> None:
        with pymongo.timeout(CLOSE_SECONDS):
            await self._client.close()


def open_driver(kind: DriverName, uri: str, database: str, **options: Any) -> MongoDriver:
    """Open a connection with the driver of that name; extra options go to the client as they are."""
    return MotorDriver(uri, database, **options) if kind == "motor" else PymongoAsyncDriver(uri, database, **options)
