"""The error tree of the domain.

LabkeeperError
├── DomainError             a rule of the domain refuses; the subclass names the rule
│   ├── InvalidFieldError   a field breaks a rule: names both
│   └── NotThereError       there is no such thing among those that the caller may see
├── UnknownEventError       a state was given an event that it has no reducer for
├── NoUpstreamTokenError    a system that we depend on accepts no login that could be used for this
├── UndecodableEventError   a stored event cannot be read: names log, stream, version and type
└── UnavailableError        something we depend on does not answer (the caller may try again)
"""


class LabkeeperError(Exception):
    """Root of every error that Labkeeper raises on purpose."""


class DomainError(LabkeeperError):
    """A broken rule. Subclasses are named after it; the message is safe to show to a user."""


class InvalidFieldError(DomainError):
    """A field breaks a rule; the message says both.

    Attributes:
        field: name of the field.
        rule: what it must be.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class NotThereError(DomainError):
    """There is no such thing among those that the caller may see: nobody is told which. Answered with 404."""


class UnknownEventError(LabkeeperError):
    """A state has no reducer for this event: replaying on would silently lose a fact."""


class NoUpstreamTokenError(LabkeeperError):
    """There is no login that the system of record would accept for this; logging in again helps."""


class UndecodableEventError(LabkeeperError):
    """A stored event cannot be turned into its type.

    Attributes:
        log: name of the log, e.g. ``labs``.
        stream: stream the event belongs to.
        version: its version in the stream, from 1.
        event_type: stored type name, e.g. ``labs.lab-record-created.v1``.
    """

    def __init__(self, log: str, stream: str, version: int, event_type: str, why: str) -> None:
        super().__init__(f"event {version} of {stream} in log {log} ({event_type}) cannot be read: {why}")
        self.log = log
        self.stream = stream
        self.version = version
        self.event_type = event_type


class UnavailableError(LabkeeperError):
    """A dependency gives no answer right now. Never to be confused with an empty answer.

    Attributes:
        retry_after_seconds: when it is worth trying again.
    """

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
