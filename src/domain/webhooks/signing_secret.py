"""The secret that a webhook and its receiver share.

Source:
    Standard Webhooks specification, symmetric signatures: ``v1,<base64 of HMAC-SHA256 over "id.timestamp.body">``
    with a key of 24 to 64 bytes, serialised as ``whsec_<base64>``.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from domain.webhooks.errors import InvalidWebhookError

PREFIX = "whsec_"
GENERATED_BYTES = 32
SHORTEST_TEXT = 16
LONGEST_TEXT = 512
_FEWEST_BYTES, _MOST_BYTES = 24, 64


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret as its owner writes it, and the key it stands for. Neither shows in its text form.

    Raises:
        InvalidWebhookError: it is neither ``whsec_`` with the base64 of 24 to 64 bytes nor another text of at least 16
            characters, whose UTF-8 bytes are the key.
    """

    text: str = field(repr=False)
    key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key_of(self.text))

    @classmethod
    def of_key(cls, key: bytes) -> "SigningSecret":
        """Return the secret that stands for a key of 24 to 64 bytes."""
        return cls(PREFIX + base64.b64encode(key).decode())

    def sign(self, message_id: str, at_seconds: int, body: bytes) -> str:
        """Return the value of the ``webhook-signature`` header.

        Args:
            message_id: value of ``webhook-id``.
            at_seconds: value of ``webhook-timestamp``, Unix time of the attempt.
            body: exactly what is sent.
        """
        signed = f"{message_id}.{at_seconds}.".encode() + body
        return "v1," + base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()

    def redact(self, text: str) -> str:
        """Return a text without this secret in it."""
        for given in (self.text, self.text.removeprefix(PREFIX)):
            text = text.replace(given, "[secret]")
        return text


def _key_of(text: str) -> bytes:
    if text.startswith(PREFIX):
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
            raise InvalidWebhookError(
                "secret", f"must be {PREFIX} and the base64 of {_FEWEST_BYTES} to {_MOST_BYTES} bytes"
            )
        return key
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        raise InvalidWebhookError("secret", f"must have {SHORTEST_TEXT} to {LONGEST_TEXT} characters")
    return text.encode()
