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
from application.kernel.credentials import CredentialStore
from application.records.chatbots import Chatbots
from application.records.finding_again import NoScopeMarks, ScopeMarks
from application.records.opportunities import Opportunities
from application.records.opportunities_of_members import OpportunitiesOfMembers
from application.records.record_histories import RecordHistories
from domain.kernel.clock import Clock
from domain.records.repositories import LabsRecordRepository
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver
from integration.mongo.idempotency_keys import MongoIdempotencyKeys
from integration.records.ocs_chatbots import OcsChatbots
from integration.records.use_cases import register_use_cases
from tests.http.kernel.toy import FixedClock, bearer, client_of, toy_app
from tests.support.fake_records import FakeRecords, two_people
from tests.support.webhooks import FERNET_KEY


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords(two_people())


@pytest.fixture
def credentials(driver: MongoDriver) -> CredentialStore:
    return EncryptedCredentialStore(driver, [FERNET_KEY])


@pytest.fixture
def chatbots(credentials: CredentialStore) -> Chatbots:
    """Nowhere, unless a module says where."""
    return OcsChatbots("", credentials)


@pytest.fixture
def app(records: FakeRecords, driver: MongoDriver, credentials: CredentialStore, chatbots: Chatbots) -> FastAPI:
    memberships = two_people()

    def configure(builder: Any) -> None:
        services = builder.services
        services.add_singleton(Clock, singleton=FixedClock())
        services.add_singleton(LabsRecordRepository, singleton=records)
        services.add_singleton(RecordHistories, singleton=records)
        services.add_singleton(MembershipDirectory, singleton=memberships)
        services.add_singleton(Opportunities, OpportunitiesOfMembers)
        services.add_singleton(LabsContexts, MembersLabsContexts)
        services.add_singleton(CredentialStore, singleton=credentials)
        services.add_singleton(Chatbots, singleton=chatbots)
        services.add_singleton(ScopeMarks, NoScopeMarks)
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
