"""Filters as MongoDB queries. Values go in as values only: nothing that a filter holds is read as an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.values import MAX_ID, NO_SCOPE, RecordScope
from integration.records.index_tokens import Narrowing, narrowings_of

Query = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Where to look for the records of a scope that a filter may want.

    Attributes:
        base: what limits the scope, without ids.
        index: name of the index over the scope.
        narrowings: what wanted records must carry; any one of them may lead.
        ids: the only ids that can be meant; None when the filter does not say.
    """

    base: Query
    index: str
    narrowings: tuple[Narrowing, ...]
    ids: tuple[int, ...] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be meant."""
        return self.ids == ()

    def led_by(self, leading: Narrowing | None, after: int) -> tuple[Query, str | None]:
        """Return the query for ids above ``after`` and the index to use; None leaves that to the server."""
        query: Query = {**self.base, "_id": {"$gt": after}}
        if self.ids is not None:
            query["_id"]["$in"] = list(self.ids)
            return query, None
        if leading is None:
            return query, self.index
        query["tokens"] = {"$in": list(leading.any_of)}
        others = [one for one in self.narrowings if one is not leading]
        if others:
            # As expressions, so that the server has no choice which of them it walks the index by.
            query["$expr"] = {"$and": [{"$or": [{"$in": [t, "$tokens"]} for t in one.any_of]} for one in others]}
        return query, f"{self.index}_tokens"

    def counting(self, narrowing: Narrowing) -> Query:
        """Return the query that tells how much one narrowing leaves."""
        return {**self.base, "tokens": {"$in": list(narrowing.any_of)}}


def query_for(scope: RecordScope, wanted: RecordFilter) -> RecordQuery:
    """Return where to look for the records of a scope that may be wanted."""
    base: Query = {"public": True} if scope == NO_SCOPE else {f"{kind.value}_id": n for kind, n in scope.parts}
    impossible = not all(_is_id(number) for _, number in scope.parts) or any(
        one.lookup is Lookup.IN and not one.value for one in wanted.conditions
    )
    ids = () if impossible else _ids(wanted.conditions)
    return RecordQuery(base, next(iter(base)), tuple(narrowings_of(wanted)), ids)


def _ids(conditions: Sequence[Condition]) -> tuple[int, ...] | None:
    found: set[int] | None = None
    for condition in conditions:
        if condition.field != "id" or condition.lookup not in (Lookup.EXACT, Lookup.IN):
            continue
        values = condition.value if condition.lookup is Lookup.IN else [condition.value]
        ids = {int(one) for one in values if _is_id(one)}
        found = ids if found is None else found & ids
    return None if found is None else tuple(sorted(found))


def _is_id(value: object) -> bool:
    if isinstance(value, float):
        return value.is_integer() and 1 <= value <= MAX_ID
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ID
