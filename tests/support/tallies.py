"""A small aggregate and its log, for tests of the machinery."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import AfterParking, Projector, Subscriber
from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.kernel.clock import Clock
from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from integration.mongo.bulk_writes import read_documents_async, write_documents_async
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots

LOG = "tallies"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@domain_event("toy.tally-opened.v1")
class TallyOpenedDomainEvent(RecordedDomainEvent):
    title: str
    extra: Any = None


@domain_event("toy.tally-counted.v1")
class TallyCountedDomainEvent(RecordedDomainEvent):
    number: int


class TallyState(RememberedState):
    title: str
    total: int
    note: str | None

    @reduces(TallyOpenedDomainEvent)
    def _opened(self, event: TallyOpenedDomainEvent) -> None:
        self.title = event.title
        self.total = 0
        self.note = None

    @reduces(TallyCountedDomainEvent)
    def _counted(self, event: TallyCountedDomainEvent) -> None:
        self.total += event.number
        self.note = "null"


class Tally(Aggregate[TallyState]):
    @classmethod
    def open(cls, tally_id: str, title: str = "a tally", extra: Any = None, at: datetime = NOON) -> "Tally":
        tally = cls()
        tally.record(TallyOpenedDomainEvent(aggregate_id=tally_id, created_at=at, title=title, extra=extra))
        return tally

    def count(self, number: int = 1, at: datetime = NOON) -> None:
        self.record(TallyCountedDomainEvent(aggregate_id=self.state.id, created_at=at, number=number))


TOY_EVENTS: tuple[type[RecordedDomainEvent], ...] = (TallyOpenedDomainEvent, TallyCountedDomainEvent)


class HandClock(Clock):
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def counted(stream: str, version: int, number: int = 1, at: datetime = NOON) -> TallyCountedDomainEvent:
    """Return an event as an aggregate of that stream would record it."""
    tally = stream.removeprefix("tally-")
    return TallyCountedDomainEvent(
        aggregate_id=tally, created_at=at, event_id=f"{tally}.{version}", aggregate_version=version, number=number
    )


def tally_store(driver: MongoDriver, clock: Clock | None = None, codec: EventCodec | None = None) -> MongoEventStore:
    return MongoEventStore(driver, LOG, codec or EventCodec(LOG, TOY_EVENTS), clock or HandClock())


def tally_repository(store: MongoEventStore, snapshots: Snapshots | None = None) -> MongoEventSourcedRepository[Tally]:
    return MongoEventSourcedRepository(store, Tally, snapshots)


async def raw_commits(driver: MongoDriver) -> list[dict[str, Any]]:
    """Return the log as it lies in the database."""
    return await driver.collection(f"{LOG}_commits").find({}).sort("_id", 1).to_list(None)


def holes(commits: Sequence[dict[str, Any]]) -> int:
    """Return how many positions are missing below the last."""
    return (commits[-1]["_id"] if commits else 0) - len(commits)


def version_faults(commits: Sequence[dict[str, Any]]) -> int:
    """Return how many commits do not follow on the version before them in their stream."""
    heads: dict[str, int] = {}
    wrong = 0
    for commit in commits:
        wrong += commit["f"] != heads.get(commit["s"], 0) + 1
        heads[commit["s"]] = commit["v"]
    return wrong


class Listener(Subscriber):
    """Remembers what it was told; fails on the event ids it is told to fail on."""

    log = LOG
    max_attempts = 2

    def __init__(self, name: str = "listener", *, after_parking: AfterParking = AfterParking.WAIT) -> None:
        self.name = name
        self.after_parking = after_parking
        self.event_types = None
        self.heard: list[str] = []
        self.bad: set[str] = set()
        self.unavailable_times = 0

    async def handle_async(self, fact: RecordedFact) -> None:
        if fact.event.event_id in self.bad:
            raise ValueError(f"cannot bear {fact.event.event_id}")
        self.heard.append(fact.event.event_id)

    def of(self, tally: str) -> list[int]:
        """Return the versions heard of one tally, in order."""
        return [int(one.rpartition(".")[2]) for one in self.heard if one.rpartition(".")[0] == tally]


class TotalsProjector(Projector):
    """Read model ``totals``: ``{_id: tally, events, total}``."""

    name = "totals"
    log = LOG

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.fail_after_writing = 0
        self.fail_times = 0

    async def prepare_async(self, target: Any) -> None:
        await target.create_index("total")

    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        ids = sorted({fact.event.aggregate_id for fact in facts})
        stored = await read_documents_async(target, ids, session)
        documents = {key: dict(value) for key, value in stored.items()}
        for fact in facts:
            key = fact.event.aggregate_id
            document = documents.setdefault(key, {"_id": key, "events": 0, "total": 0})
            document["events"] += 1
            document["total"] += getattr(fact.event, "number", 0)
        await write_documents_async(
            target,
            new=[document for key, document in documents.items() if key not in stored],
            changed=[document for key, document in documents.items() if key in stored],
            gone=(),
            session=session,
        )
        if self.fail_times:
            self.fail_times -= 1
            raise ConnectionResetError("the projector broke after it had written")
