"""Credentials at rest: unreadable without the key, and bound to their owner."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from application.kernel.credentials import Credentials, CredentialsUnreadableError
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
SECRET = Credentials("admin", "pässword-4711")


def key() -> str:
    return Fernet.generate_key().decode()


async def raw(driver: MongoDriver, owner_id: str) -> dict[str, Any]:
    entry = await driver.collection("credentials").find_one({"_id": owner_id})
    assert entry is not None
    return entry


async def test_what_was_put_comes_back_until_it_is_removed(driver: MongoDriver) -> None:
    store = EncryptedCredentialStore(driver, [key()])
    assert await store.get_async("w1") is None
    await store.put_async("w1", Credentials("old", "old"))
    await store.put_async("w1", SECRET)
    assert await store.get_async("w1") == SECRET
    await store.remove_async("w1")
    assert await store.get_async("w1") is None


async def test_nothing_of_it_can_be_read_in_the_database(driver: MongoDriver) -> None:
    await EncryptedCredentialStore(driver, [key()]).put_async("w1", SECRET)
    stored = repr(await raw(driver, "w1"))
    assert "admin" not in stored
    assert "4711" not in stored


async def test_a_new_key_in_front_still_opens_what_the_old_one_sealed(driver: MongoDriver) -> None:
    old, new = key(), key()
    await EncryptedCredentialStore(driver, [old]).put_async("w1", SECRET)
    rotated = EncryptedCredentialStore(driver, [new, old])
    assert await rotated.get_async("w1") == SECRET
    await rotated.put_async("w1", SECRET)
    assert await EncryptedCredentialStore(driver, [new]).get_async("w1") == SECRET


async def test_without_the_key_they_are_unreadable_and_the_error_says_no_secret(driver: MongoDriver) -> None:
    await EncryptedCredentialStore(driver, [key()]).put_async("w1", SECRET)
    with pytest.raises(CredentialsUnreadableError, match="credentials of w1 cannot be decrypted") as refused:
        await EncryptedCredentialStore(driver, [key()]).get_async("w1")
    assert "4711" not in str(refused.value)


async def test_a_ciphertext_moved_to_another_owner_is_refused(driver: MongoDriver) -> None:
    store = EncryptedCredentialStore(driver, [key()])
    await store.put_async("w1", SECRET)
    moved = {**await raw(driver, "w1"), "_id": "w2"}
    await driver.collection("credentials").insert_one(moved)
    with pytest.raises(CredentialsUnreadableError, match="belong to another owner"):
        await store.get_async("w2")


@pytest.mark.parametrize("damage", [b"rubbish", "text", None, 7])
async def test_a_damaged_entry_is_unreadable_not_absent(driver: MongoDriver, damage: object) -> None:
    await driver.collection("credentials").insert_one({"_id": "w1", "sealed": damage})
    with pytest.raises(CredentialsUnreadableError):
        await EncryptedCredentialStore(driver, [key()]).get_async("w1")


async def test_a_bad_key_is_refused_without_showing_it(driver: MongoDriver) -> None:
    with pytest.raises(ValueError, match="credentials key 2 is not") as refused:
        EncryptedCredentialStore(driver, [key(), "hunter2"])
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ValueError):
        EncryptedCredentialStore(driver, [])
