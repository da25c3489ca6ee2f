"""A refused token is refreshed once; what it was is told to nobody."""

import asyncio
import logging

import pytest

from domain.kernel.errors import LabkeeperError, NoUpstreamTokenError
from domain.records.values import RecordScope
from tests.support.connect import RECORDS, ConnectSimulator
from tests.support.records import change, new
from tests.support.remote_records import RemoteStore

OWN = RecordScope(opportunity_id=814)


async def test_an_expired_token_is_refreshed_once_for_a_read(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.find_async("asha", OWN)
    connect.expire("asha")
    connect.calls(forget=True)
    await store.records.find_async("asha", OWN)
    assert store.tokens is not None
    assert store.tokens.refreshed == ["asha"]
    assert connect.calls()[f"GET {RECORDS}"] == 2


async def test_a_token_that_expires_in_the_middle_of_a_batch_writes_it_once(
    connect: ConnectSimulator, store: RemoteStore
) -> None:
    added = await store.records.add_async("asha", new(OWN, data={"n": 0}))
    connect.set_faults({"kind": "token_expires", "path": RECORDS, "method": "POST", "times": 1})
    await store.records.write_async("asha", [new(OWN, data={"n": 1}), change(added.id, data={"n": 2})])
    assert sorted(record["data"]["n"] for record in connect.records()) == [1, 2]


async def test_who_cannot_be_refreshed_has_to_log_in(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.find_async("asha", OWN)
    connect.expire("asha", refresh=True)
    with pytest.raises(NoUpstreamTokenError):
        await store.records.find_async("asha", OWN)
    with pytest.raises(NoUpstreamTokenError):
        await store.records.add_async("asha", new(OWN))
    assert connect.records() == []


async def test_a_token_that_is_refused_again_is_not_refreshed_for_ever(
    connect: ConnectSimulator, store: RemoteStore
) -> None:
    connect.set_faults({"kind": "token_expires", "path": RECORDS})
    with pytest.raises(NoUpstreamTokenError):
        await store.records.find_async("asha", OWN)
    assert connect.calls()[f"GET {RECORDS}"] == 2


async def test_no_error_and_no_log_tells_the_token(
    connect: ConnectSimulator, store: RemoteStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert store.tokens is not None
    token = await store.tokens.token_of_async("asha")
    assert token is not None
    await store.records.find_async("asha", OWN)
    told = []
    for fault in ({"kind": "status", "status": 500}, {"kind": "html"}, {"kind": "drop_before"}, {"kind": "truncated"}):
        connect.set_faults({"path": RECORDS, **fault})
        for call in (store.records.find_async("asha", OWN), store.records.add_async("asha", new(OWN))):
            await asyncio.sleep(0.06)
            with pytest.raises(LabkeeperError) as refused:
                await call
            error: BaseException | None = refused.value
            while error is not None:
                told.append(repr(error))
                error = error.__cause__ or error.__context__
    assert RECORDS in "".join(told)
    assert token not in "".join(told)
    assert token not in caplog.text
