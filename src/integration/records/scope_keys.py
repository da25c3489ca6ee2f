"""Names of the scopes that are fetched as a whole: ``opportunity:814``, ``organization:7``, ``public``."""

from collections.abc import Iterable

from domain.records.values import NO_SCOPE, LabsRecord, RecordScope, ScopeKind

PUBLIC = "public"


def key_of(scope: RecordScope) -> str:
    """Return what is fetched for a scope: all of what decides it; the other parts only narrow the result."""
    deciding = scope.deciding
    return PUBLIC if deciding is None else _key(*deciding)


def scope_of(key: str) -> RecordScope:
    """Return the scope of a key."""
    if key == PUBLIC:
        return NO_SCOPE
    kind, _, number = key.partition(":")
    return RecordScope(**{f"{ScopeKind(kind).value}_id": int(number)})


def keys_of(records: Iterable[LabsRecord]) -> set[str]:
    """Return every scope that shows one of these records."""
    keys: set[str] = set()
    for record in records:
        keys |= {_key(kind, number) for kind, number in record.scope.parts}
        if record.public:
            keys.add(PUBLIC)
    return keys


def _key(kind: ScopeKind, number: int) -> str:
    return f"{kind.value}:{number}"
