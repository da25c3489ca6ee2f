"""A remote that is dead, slow, flapping or lying is an outage, never an empty answer."""

import asyncio
import time
from typing import Any

import pytest

from domain.kernel.errors import UnavailableError
from domain.records.errors import RecordsRefusedError, ScopeNotFoundError
from domain.records.values import RecordScope
from integration.http.circuit_breaker import CircuitOpenError
from tests.support.connect import RECORDS, ConnectFactory, ConnectSimulator, a_record
from tests.support.records import new
from tests.support.remote_records import RemoteStore, remote_store

OWN = RecordScope(opportunity_id=814)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 504},
        {"kind": "status", "status": 429},
        {"kind": "html"},
        {"kind": "wrong_json"},
        {"kind": "wrong_json", "body": "[1]"},
        {"kind": "wrong_json", "body": '[{"id": 1}]'},
        {"kind": "wrong_json", "body": "[" * 100_000},
        {"kind": "truncated"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "drop_midway"},
    ],
)
async def test_no_usable_answer_is_an_outage(
    connect: ConnectSimulator, store: RemoteStore, fault: dict[str, Any]
) -> None:
    connect.set_records([a_record(1), a_record(2)])
    connect.set_faults({"path": RECORDS, **fault})
    with pytest.raises(UnavailableError, match=RECORDS):
        await store.records.find_async("asha", OWN)
    with pytest.raises(UnavailableError):
        await store.records.get_async("asha", 1)
    connect.set_faults()
    await asyncio.sleep(0.06)
    assert len((await store.records.find_async("asha", OWN)).records) == 2


@pytest.mark.parametrize("kind", ["hang", "slow_drip"])
async def test_what_takes_too_long_is_given_up(connect: ConnectSimulator, kind: str) -> None:
    connect.set_records([a_record(n) for n in range(1, 20)])
    connect.set_faults({"kind": kind, "path": RECORDS, "seconds": 0.2 if kind == "slow_drip" else 30})
    async with remote_store(connect, records_seconds=0.7) as opened:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=r"no complete answer in 0\.7 s"):
            await opened.records.find_async("asha", OWN)
        assert time.monotonic() - began < 10


async def test_a_read_is_tried_again_and_a_write_is_not(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.add_async("asha", new(OWN))
    connect.set_faults({"kind": "drop_before", "path": RECORDS, "times": 1})
    connect.calls(forget=True)
    assert len((await store.records.find_async("asha", OWN)).records) == 1
    assert connect.calls()[f"GET {RECORDS}"] == 2
    connect.set_faults({"kind": "status", "status": 503, "path": RECORDS, "method": "POST", "times": 1})
    connect.calls(forget=True)
    with pytest.raises(UnavailableError):
        await store.records.add_async("asha", new(OWN))
    assert connect.calls()[f"POST {RECORDS}"] == 1


async def test_a_refusal_is_told_with_its_status(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_faults({"kind": "status", "status": 403, "path": RECORDS})
    with pytest.raises(RecordsRefusedError) as refused:
        await store.records.find_async("asha", OWN)
    assert refused.value.status == 403


async def test_a_redirect_to_elsewhere_is_not_followed(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_faults({"kind": "status", "status": 302, "path": RECORDS})
    with pytest.raises(RecordsRefusedError):
        await store.records.add_async("asha", new(OWN))
    assert connect.records() == []


async def test_a_dead_server_is_not_asked_again_and_again(connect_factory: ConnectFactory) -> None:
    connect = connect_factory()
    async with remote_store(connect, open_seconds=60.0) as opened:
        await opened.records.find_async("asha", OWN)
        connect.stop()
        for _ in range(5):
            with pytest.raises(UnavailableError, match="no connection"):
                await opened.records.find_async("asha", OWN)
        with pytest.raises(CircuitOpenError):
            await opened.records.find_async("asha", OWN)


async def test_a_write_to_a_dead_server_was_surely_not_taken(connect_factory: ConnectFactory) -> None:
    connect = connect_factory()
    async with remote_store(connect) as opened:
        await opened.records.add_async("asha", new(OWN))
        connect.stop()
        with pytest.raises(UnavailableError) as refused:
            await opened.records.add_async("asha", new(OWN))
    assert type(refused.value) is UnavailableError


async def test_a_membership_that_ended_is_noticed_at_the_write(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.add_async("asha", new(OWN))
    connect.set_organizations("asha", "reach")
    with pytest.raises(ScopeNotFoundError) as refused:
        await store.records.write_async("asha", [new(OWN)])
    assert (refused.value.kind, refused.value.number, refused.value.index) == ("opportunity", 814, 0)
