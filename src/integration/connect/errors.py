"""Why a call to Connect brought nothing. Callers of ours read these: they name the path, never the address.

LabkeeperError
├── UnavailableError
│   ├── UnusableAnswerError    there is an answer, but it cannot be what was asked for
│   └── AnswerLostError        a write was sent and may have been taken: look before sending it again
└── ConnectRefusedError        it said no; carries the status
    ├── ConnectNotFoundError       404: not there, or not theirs
    └── ConnectNotAcceptableError  406: it does not know this version
"""

from urllib.parse import urlsplit

from domain.kernel.errors import LabkeeperError, UnavailableError

SYSTEM = "CommCare Connect"


def named(url: str) -> str:
    """Return what was called as anybody may read it: ``CommCare Connect (/export/labs_record/)``."""
    path = urlsplit(url).path
    return f"{SYSTEM} ({path})" if path.strip("/") else SYSTEM


class UnusableAnswerError(UnavailableError):
    """There is an answer, but it cannot be what was asked for: truncated, HTML, of another shape."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{named(url)}: {why}", 5.0)


class AnswerLostError(UnavailableError):
    """A write was sent, and nobody can tell from the answer whether it was taken."""


class ConnectRefusedError(LabkeeperError):
    """Connect said no.

    Attributes:
        status: the HTTP status that it answered with.
    """

    def __init__(self, url: str, status: int, why: str = "") -> None:
        super().__init__(f"{named(url)}: refused with {status}{f', {why}' if why else ''}")
        self.status = status


class ConnectNotFoundError(ConnectRefusedError):
    """It is not there, or not theirs: nobody is told which."""


class ConnectNotAcceptableError(ConnectRefusedError):
    """It does not know the version that was asked for."""
