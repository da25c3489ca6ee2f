"""What the labs use cases need from outside, and the errors that come with it.

LabkeeperError
└── ControllerError                 a controller could not be asked; names its URL and the cause
    ├── ControllerUnavailableError  503: unreachable, tls, timed_out, not_ready, circuit_open (also an UnavailableError)
    └── ControllerRefusedError      502: unauthorised, invalid_answer
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from application.kernel.credentials import Credentials
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.labs.values import LabSnapshot

UnavailableCause = Literal["unreachable", "tls", "timed_out", "not_ready", "circuit_open"]
RefusedCause = Literal["unauthorised", "invalid_answer"]
ControllerErrorCause = UnavailableCause | RefusedCause


class ControllerError(LabkeeperError):
    """A controller gave no listing. Never to be confused with a listing that is empty.

    Attributes:
        url: what was asked, without query and credentials.
        cause: why it failed, in one word.
        retry_after_seconds: when it is worth trying again.
        status: the HTTP status that tells our own caller about it.
    """

    url: str
    cause: ControllerErrorCause
    retry_after_seconds: float

    @property
    def status(self) -> int:
        raise NotImplementedError


class ControllerUnavailableError(ControllerError, UnavailableError):
    """The controller cannot answer right now; the caller may try again."""

    def __init__(self, url: str, cause: UnavailableCause, why: str, retry_after_seconds: float = 1.0) -> None:
        UnavailableError.__init__(self, f"{url} ({cause}): {why}", retry_after_seconds)
        self.url = url
        self.cause = cause

    @property
    def status(self) -> int:
        return 503


class ControllerRefusedError(ControllerError):
    """The controller answered, but with a refusal or with something that is no listing.

    Attributes:
        upstream_status: the status that it answered with; None when the answer could not even be read.
    """

    def __init__(self, url: str, cause: RefusedCause, why: str, *, upstream_status: int | None = None) -> None:
        super().__init__(f"{url} ({cause}): {why}")
        self.url = url
        self.cause = cause
        self.retry_after_seconds = 30.0
        self.upstream_status = upstream_status

    @property
    def status(self) -> int:
        return 502


@dataclass(frozen=True, slots=True)
class ControllerTarget:
    """Where a worker's controller is and how to log in. Its text form carries no password."""

    worker_id: str
    endpoint_url: str
    verify_tls: bool
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class LabFailure:
    """A lab that could not be read. ``lab_id`` is None when not even the id could; the reason shows what it was."""

    lab_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LabListing:
    """What a controller said about its labs.

    Attributes:
        labs: the labs that could be read, each id once.
        failures: the labs that could not.
        complete: whether a lab that is in neither is gone. False forbids every conclusion from absence.
        incomplete_reason: why not; None when complete.
    """

    labs: tuple[LabSnapshot, ...]
    failures: tuple[LabFailure, ...]
    complete: bool
    incomplete_reason: str | None


class CmlControllers(ABC):
    """Cisco Modeling Labs controllers, as far as the labs context talks to them."""

    @abstractmethod
    async def list_labs_async(self, target: ControllerTarget) -> LabListing:
        """Return all labs that the controller shows to the account.

        Raises:
            ControllerError: there is no listing, for the named cause.
        """

    @abstractmethod
    async def forget_async(self, worker_id: str) -> None:
        """Drop what is remembered about a worker: its token, its listing, its failures. Unknown ids are fine."""
