"""The LabsRecord as its users and the system of record know it, and what may be asked of a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JsonValue = Any
"""What JSON can say: None, bool, int, float, str, lists and text-keyed dicts of these, in the order that was given."""

WRITABLE_FIELDS = frozenset(
    {
        "experiment",
        "type",
        "data",
        "public",
        "username",
        "opportunity_id",
        "organization_id",
        "program_id",
        "labs_record_id",
    }
)
"""Fields that a write may give, next to ``id``. Any other key is refused."""
SCOPE_FIELDS = ("opportunity_id", "program_id", "organization_id")
"""In the order in which the system of record looks for the deciding one."""
MAX_TYPE_CHARACTERS = 255
MAX_EXPERIMENT_CHARACTERS = 1_024
MAX_DATA_BYTES = 4 * 1024 * 1024
MAX_DATA_DEPTH = 64
MAX_BATCH_ITEMS = 1_000
MAX_ID = 2**63 - 1


class ScopeKind(StrEnum):
    """What a scope may be decided by."""

    OPPORTUNITY = "opportunity"
    PROGRAM = "program"
    ORGANIZATION = "organization"


class RecordOrigin(StrEnum):
    """Where a change was made."""

    HERE = "here"
    """By somebody through this installation."""
    REMOTE = "remote"
    """In the system of record by somebody else; noticed by a refresh."""


@dataclass(frozen=True, slots=True)
class RecordScope:
    """Where records belong. All None: no scope, in which only public records are read.

    A record belongs to every scope that it names; reading is decided by the first of opportunity, program and
    organisation that is given, and the others narrow the result.
    """

    opportunity_id: int | None = None
    program_id: int | None = None
    organization_id: int | None = None

    @property
    def deciding(self) -> tuple[ScopeKind, int] | None:
        """The scope that membership is checked against; None without any."""
        for kind in ScopeKind:
            number: int | None = getattr(self, f"{kind.value}_id")
            if number is not None:
                return kind, number
        return None

    @property
    def parts(self) -> tuple[tuple[ScopeKind, int], ...]:
        """Every scope that is named."""
        named = ((kind, getattr(self, f"{kind.value}_id")) for kind in ScopeKind)
        return tuple((kind, number) for kind, number in named if number is not None)


NO_SCOPE = RecordScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabsRecord:
    """One record of a field program.

    Attributes:
        id: given by the store, from 1.
        experiment, type: name its kind, e.g. ``tasks`` and ``Task``.
        data: everything else, never None; kept exactly, keys with dots or ``$`` and their order included.
        username: the person it is about or from; None if nobody.
        opportunity_id, organization_id, program_id: where it belongs; None where it does not.
        labs_record_id: its parent; None without one. Removing a parent removes its children.
        public: whether it may be read without a scope.
    """

    id: int
    experiment: str
    type: str
    data: JsonValue
    username: str | None = None
    opportunity_id: int | None = None
    organization_id: int | None = None
    program_id: int | None = None
    labs_record_id: int | None = None
    public: bool = False

    @property
    def scope(self) -> RecordScope:
        """Where it belongs."""
        return RecordScope(self.opportunity_id, self.program_id, self.organization_id)

    def value_of(self, name: str) -> Any:
        """Return a writable field by its name."""
        if name not in WRITABLE_FIELDS:
            raise KeyError(name)
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class RecordItem:
    """One item of a batch: an insert without an id, else an update or, under a scope, an insert with that id.

    Attributes:
        id: of the record that is meant; None for a new one.
        fields: the writable fields that are given; the others keep their value, or get their default on an insert.
            ``data`` is replaced as a whole.
        expected: the record as the caller read it. When the store holds something else by now the batch is refused.
            None to write regardless.
    """

    id: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    expected: LabsRecord | None = None

    @property
    def scope(self) -> RecordScope:
        """The scope that the item names itself."""
        return RecordScope(*(self.fields.get(name) for name in SCOPE_FIELDS))
