"""The records routes on records in memory; asha and boris share nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.kernel.authorization import Role
from application.access.labs_context import MembersLabsContexts
from application.contracts.labs_context import LabsContexts
from application.contracts.memberships import MembershipDirectory
from application.records.opportunities import Opportunities
from application.records.opportunities_of_members import OpportunitiesOfMembers
from application.records.record_histories import RecordHistories
from domain.kernel.clock import Clock
from domain.records.repositories import LabsRecordRepository
from integration.mongo.driver import MongoDriver
from integration.mongo.idempotency_keys import MongoIdempotencyKeys
from integration.records.use_cases import register_use_cases
from tests.http.kernel.toy import FixedClock, bearer, client_of, toy_app
from tests.support.fake_records import FakeRecords, two_people


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords(two_people())


@pytest.fixture
def app(records: FakeRecords, driver: MongoDriver) -> FastAPI:
    memberships = two_people()

    def configure(builder: Any) -> None:
        services = builder.services
        services.add_singleton(Clock, singleton=FixedClock())
        services.add_singleton(LabsRecordRepository, singleton=records)
        services.add_singleton(RecordHistories, singleton=records)
        services.add_singleton(MembershipDirectory, singleton=memberships)
        services.add_singleton(Opportunities, OpportunitiesOfMembers)
        services.add_singleton(LabsContexts, MembersLabsContexts)
        register_use_cases(services)
        builder.add_controllers(["api.records"])

    return toy_app(keys=MongoIdempotencyKeys(driver), configure=configure, max_body_bytes=6_000_000)


@pytest_asyncio.fixture
async def asha(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as one:
        one.headers.update(bearer(Role.USER, "asha"))
        yield one


@pytest_asyncio.fixture
async def boris(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as one:
        one.headers.update(bearer(Role.USER, "boris"))
        yield one
