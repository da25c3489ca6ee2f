"""Credentials in MongoDB, encrypted before they leave the process."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from application.kernel.credentials import Credentials, CredentialStore, CredentialsUnreadableError
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "credentials"


class _Sealed(msgspec.Struct, frozen=True):
    owner_id: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"_Sealed({self.owner_id!r})"


class EncryptedCredentialStore(CredentialStore):
    """Documents ``{_id: owner id, sealed: Fernet token, stored_at: time}``.

    The owner's id is inside the ciphertext too, so that a ciphertext moved to another owner is refused.

    Args:
        keys: Fernet keys as text (32 bytes, URL-safe base64). The first encrypts, all decrypt: a new key goes in front.

    Raises:
        ValueError: there is no key, or one is not a Fernet key.
    """

    def __init__(self, driver: MongoDriver, keys: Sequence[str]) -> None:
        self._collection = driver.collection(COLLECTION)
        self._cipher = MultiFernet([_fernet(number, key) for number, key in enumerate(keys, start=1)])

    async def put_async(self, owner_id: str, credentials: Credentials) -> None:
        sealed = _Sealed(owner_id, credentials.username, credentials.password)
        entry = {
            "_id": owner_id,
            "sealed": self._cipher.encrypt(msgspec.json.encode(sealed)),
            "stored_at": datetime.now(UTC),
        }
        with translating_outages("the credential store"):
            await self._collection.replace_one({"_id": owner_id}, entry, upsert=True)

    async def get_async(self, owner_id: str) -> Credentials | None:
        with translating_outages("the credential store"):
            entry = await self._collection.find_one({"_id": owner_id})
        return None if entry is None else self._open(owner_id, entry.get("sealed"))

    async def remove_async(self, owner_id: str) -> None:
        with translating_outages("the credential store"):
            await self._collection.delete_one({"_id": owner_id})

    def _open(self, owner_id: str, sealed: object) -> Credentials:
        try:
            content = self._cipher.decrypt(sealed if isinstance(sealed, bytes) else b"")
            opened = msgspec.json.decode(content, type=_Sealed)
        except (InvalidToken, msgspec.MsgspecError):
            # The cause is cut off: its message may quote what was decrypted.
            raise CredentialsUnreadableError(
                f"the credentials of {owner_id} cannot be decrypted: the key has changed or the entry is damaged; "
                "store them again or bring the key back"
            ) from None
        if opened.owner_id != owner_id:
            raise CredentialsUnreadableError(f"the credentials stored for {owner_id} belong to another owner")
        return Credentials(opened.username, opened.password)


def _fernet(number: int, key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise ValueError(f"credentials key {number} is not 32 bytes in URL-safe base64") from None
