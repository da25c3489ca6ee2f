"""Stored events of older versions, and any value that an event may hold."""

from typing import Any

import pytest
from bson import decode, encode
from bson.codec_options import CodecOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from domain.kernel.errors import UndecodableEventError
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import DuplicateEventTypeError, EventCodec, UnregisteredEventError
from integration.mongo.events.event_store import MongoEventStore
from tests.support.tallies import LOG, NOON, TOY_EVENTS, HandClock, TallyCountedDomainEvent, TallyOpenedDomainEvent

_TZ: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_texts = st.text(st.characters(exclude_categories=["Cs"]))
_keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_texts, _values)
def test_any_value_comes_back_as_it_went(title: str, extra: Any) -> None:
    codec = EventCodec(LOG, TOY_EVENTS)
    event = TallyOpenedDomainEvent(
        aggregate_id="a.b.c", created_at=NOON, event_id="a.b.c.4", aggregate_version=4, title=title, extra=extra
    )
    assert codec.decode("tally-a.b.c", 4, decode(encode(codec.encode(event)), _TZ)) == event


@domain_event("toy.price-set.v3")
class PriceSetDomainEvent(RecordedDomainEvent):
    cents: int
    currency: str


@domain_event("toy.price-set.v1")
class PriceSetV1(RecordedDomainEvent):
    price: float


UPCASTERS = {
    "toy.price-set.v1": lambda data: {"amount": data["price"]},
    "toy.price-set.v2": lambda data: {"cents": round(data["amount"] * 100), "currency": "EUR"},
}


def stored(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": "a.1", "type": event_type, "at": NOON, "data": data}


@pytest.mark.parametrize(
    "old",
    [
        stored("toy.price-set.v1", {"price": 1.5}),
        stored("toy.price-set.v2", {"amount": 1.5}),
        stored("toy.price-set.v3", {"cents": 150, "currency": "EUR"}),
    ],
)
def test_old_versions_are_lifted_step_by_step(old: dict[str, Any]) -> None:
    event = EventCodec(LOG, [PriceSetDomainEvent], UPCASTERS).decode("price-a", 1, old)
    assert isinstance(event, PriceSetDomainEvent)
    assert (event.cents, event.currency, event.aggregate_id, event.event_id) == (150, "EUR", "a", "a.1")


def test_an_upcaster_that_breaks_names_the_event() -> None:
    codec = EventCodec(LOG, [PriceSetDomainEvent], {**UPCASTERS, "toy.price-set.v2": lambda data: [][1]})
    with pytest.raises(UndecodableEventError, match="event 1 of price-a"):
        codec.decode("price-a", 1, stored("toy.price-set.v2", {"amount": 1}))
    with pytest.raises(UndecodableEventError, match="field 'price' is missing"):
        codec.decode("price-a", 1, stored("toy.price-set.v1", {}))


def test_many_events_are_read_as_one_by_one_whatever_their_class_and_version() -> None:
    def documents() -> list[tuple[str, int, dict[str, Any]]]:
        number = stored("toy.tally-counted.v1", {"number": 7})
        return [
            ("price-a", 1, stored("toy.price-set.v1", {"price": 1.5})),
            ("tally-a", 1, number),
            ("price-a", 2, stored("toy.price-set.v3", {"cents": 150, "currency": "EUR"})),
        ]

    codec = EventCodec(LOG, [PriceSetDomainEvent, *TOY_EVENTS], UPCASTERS)
    events = codec.decode_many(documents())
    assert events == [codec.decode(*one) for one in documents()]
    assert codec.decode_many([]) == []
    spoilt = [*documents(), ("tally-b", 4, stored("toy.tally-counted.v1", {"number": "many"}))]
    with pytest.raises(UndecodableEventError, match="event 4 of tally-b"):
        codec.decode_many(spoilt)


async def test_who_wants_the_newest_version_gets_the_old_ones_too(driver: MongoDriver) -> None:
    old_store = MongoEventStore(driver, LOG, EventCodec(LOG, [PriceSetV1]), HandClock())
    await old_store.prepare_async()
    event = PriceSetV1(aggregate_id="a", created_at=NOON, event_id="a.1", aggregate_version=1, price=2.0)
    await old_store.commit_async("price-a", [event], 0)
    await old_store.close_async()
    store = MongoEventStore(driver, LOG, EventCodec(LOG, [PriceSetDomainEvent], UPCASTERS), HandClock())
    facts, _ = await store.read_log_async(0, 10, {PriceSetDomainEvent.event_type})
    await store.close_async()
    assert [fact.event.cents for fact in facts] == [200]  # type: ignore[attr-defined]


def test_only_events_of_the_catalogue_are_stored() -> None:
    with pytest.raises(UnregisteredEventError, match="TallyCountedDomainEvent"):
        EventCodec(LOG, [PriceSetDomainEvent]).encode(
            TallyCountedDomainEvent(aggregate_id="a", created_at=NOON, number=1)
        )


def test_two_classes_cannot_share_a_name() -> None:
    @domain_event("toy.price-set.v3")
    class OtherDomainEvent(RecordedDomainEvent):
        pass

    with pytest.raises(DuplicateEventTypeError):
        EventCodec(LOG, [PriceSetDomainEvent, OtherDomainEvent])
