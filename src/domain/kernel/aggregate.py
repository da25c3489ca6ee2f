"""Aggregates decide and record events; their state only remembers."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar, get_args

from neuroglia.data.abstractions import AggregateRoot, AggregateState

from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.errors import UnknownEventError

TEvent = TypeVar("TEvent", bound=RecordedDomainEvent)
TReducer = TypeVar("TReducer", bound=Callable[..., None])

BEFORE_ANYTHING = datetime.min.replace(tzinfo=UTC)


def reduces(*event_classes: type[RecordedDomainEvent]) -> Callable[[TReducer], TReducer]:
    """Mark a state's method as the one that remembers these events."""

    def decorate(reducer: TReducer) -> TReducer:
        reducer.__reduces__ = event_classes  # type: ignore[attr-defined]  # read once in __init_subclass__
        return reducer

    return decorate


class RememberedState(AggregateState[str]):
    """What an aggregate remembers. Subclasses mark one reducer per event with :func:`reduces`.

    Unlike neuroglia's ``@dispatch`` overloads, reducers of a base class stay visible in a subclass, and an event
    without a reducer is refused by name.
    """

    _reducers: ClassVar[dict[type, Callable[[Any, Any], None]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._reducers = dict(cls._reducers)
        for member in vars(cls).values():
            for event_class in getattr(member, "__reduces__", ()):
                cls._reducers[event_class] = member

    def __init__(self) -> None:
        self.id = ""
        self.state_version = 0
        self.created_at = BEFORE_ANYTHING
        self.last_modified = BEFORE_ANYTHING

    def on(self, event: RecordedDomainEvent) -> None:
        """Remember one event.

        Raises:
            UnknownEventError: this state has no reducer for the event's class.
        """
        try:
            reducer = self._reducers[event.__class__]
        except KeyError:
            raise UnknownEventError(f"{type(self).__name__} has no reducer for {type(event).__name__}") from None
        if not self.id:
            self.id = event.aggregate_id
            self.created_at = event.created_at
        self.last_modified = event.created_at
        reducer(self, event)


TState = TypeVar("TState", bound=RememberedState)


class Aggregate(AggregateRoot[TState, str], Generic[TState]):
    """An aggregate whose state is rebuilt from its events."""

    _state_class: ClassVar[type[RememberedState]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            arguments = get_args(base)
            if arguments and isinstance(arguments[0], type) and issubclass(arguments[0], RememberedState):
                cls._state_class = arguments[0]

    def __init__(self) -> None:
        self.state = self._state_class()  # type: ignore[assignment]  # the class named in Aggregate[...]
        self._pending_events = []

    @classmethod
    def _get_state_type(cls) -> type[RememberedState]:
        return cls._state_class

    @classmethod
    def category(cls) -> str:
        """Return the prefix of this aggregate's streams, e.g. ``lab-record`` for ``LabRecord``."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")

    @property
    def pending_events(self) -> list[RecordedDomainEvent]:
        """Events that were recorded and are not stored yet, oldest first."""
        return list(self._pending_events)  # type: ignore[arg-type]  # only record() adds to it

    def record(self, event: TEvent) -> TEvent:
        """Remember the event and keep it for the next save."""
        event.aggregate_version = self.state.state_version + len(self._pending_events) + 1
        event.event_id = f"{event.aggregate_id}.{event.aggregate_version}"
        self.state.on(event)
        self._pending_events.append(event)
        return event

    def replay(self, events: Iterable[RecordedDomainEvent]) -> None:
        """Rebuild the state from stored events, in order."""
        on = self.state.on
        version = self.state.state_version
        for event in events:
            on(event)
            version = event.aggregate_version
        self.state.state_version = version

    def mark_committed(self) -> None:
        """Tell the aggregate that its pending events are stored."""
        self.state.state_version += len(self._pending_events)
        self._pending_events.clear()
