"""What an administrator says about a worker, and the rules that it must keep."""

import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.labs.errors import InvalidWorkerError

HISTORY_SIZE_LIMIT = 1000


def normal_name(name: str) -> str:
    """Return a worker's name in Unicode's form NFC, without blanks around it: names that look the same are the same."""
    return unicodedata.normalize("NFC", name).strip(" ")


@dataclass(frozen=True, kw_only=True)
class WorkerDetails:
    """What an administrator says about a worker."""

    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int

    def __post_init__(self) -> None:
        if not self.name.isprintable():
            raise InvalidWorkerError("name", "must not contain control or formatting characters")
        if not self.region.isprintable():
            raise InvalidWorkerError("region", "must not contain control or formatting characters")
        if not 1 <= len(self.name.strip()) <= 128:
            raise InvalidWorkerError("name", "must have 1 to 128 characters")
        if not 1 <= len(self.region.strip()) <= 64:
            raise InvalidWorkerError("region", "must have 1 to 64 characters")
        if not 1 <= self.max_history_size <= HISTORY_SIZE_LIMIT:
            raise InvalidWorkerError("max_history_size", f"must lie between 1 and {HISTORY_SIZE_LIMIT}")
        _check_endpoint(self.endpoint_url)


def _check_endpoint(url: str) -> None:
    if "\\" in url or not url.isprintable() or " " in url:
        raise InvalidWorkerError("endpoint_url", "must not contain spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidWorkerError("endpoint_url", "must be a URL") from None
    if parts.scheme not in ("http", "https"):
        raise InvalidWorkerError("endpoint_url", "must start with http:// or https://")
    if not parts.hostname or port == 0:
        raise InvalidWorkerError("endpoint_url", "must name a host and, if any, a port from 1 to 65535")
    if parts.username is not None or parts.password is not None:
        raise InvalidWorkerError("endpoint_url", "must not carry credentials")
    if parts.query or parts.fragment:
        raise InvalidWorkerError("endpoint_url", "must not carry a query or a fragment")
