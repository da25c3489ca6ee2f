"""Why a call to another system brought no usable answer.

LabkeeperError
└── UpstreamError                  names the URL, never its query or credentials
    ├── AddressNotAllowedError     the host is, or resolves to, an address that is never called
    ├── UpstreamUnreachableError   no connection, or it broke
    ├── UpstreamTlsError           the TLS handshake or the certificate check failed
    ├── UpstreamTimeoutError       no complete answer in time
    └── UpstreamAnswerError        an answer that cannot be used: not HTTP, too large, not JSON, a foreign redirect
"""

from domain.kernel.errors import LabkeeperError


class UpstreamError(LabkeeperError):
    """Root. ``url`` is what was called, without query and credentials; ``why`` the reason alone."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url}: {why}")
        self.url = url
        self.why = why


def cause_without_address(error: UpstreamError) -> str:
    """Return why, for those who must not learn where another system is."""
    return "its address is one that is never called" if isinstance(error, AddressNotAllowedError) else error.why


class AddressNotAllowedError(UpstreamError):
    """The URL points at an address that is never called, such as a cloud's metadata service."""


class UpstreamUnreachableError(UpstreamError):
    """No connection to the host, or it broke before the answer was complete."""


class UpstreamTlsError(UpstreamError):
    """The host's certificate or its TLS is not acceptable. Trying again does not help."""


class UpstreamTimeoutError(UpstreamError):
    """No complete answer in time."""


class UpstreamAnswerError(UpstreamError):
    """There is an answer, but not one that can be used."""
