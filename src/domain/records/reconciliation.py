"""What a listing of a scope means for the records that are known there: decided before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.kernel.absence import Removals, judge
from domain.records.json_text import to_text
from domain.records.record_history import COLUMNS
from domain.records.values import LabsRecord

Likeness = tuple[object, ...]
"""All that is compared of a record: its columns and the text of its data. The order of keys counts."""


def likeness_of(record: LabsRecord) -> Likeness:
    """Return what is compared of a record.

    Raises:
        UnstorableDataError: its data cannot be kept.
    """
    return (*(record.value_of(name) for name in COLUMNS), to_text(record.data))


@dataclass(frozen=True, slots=True)
class ScopeReconciliation:
    """What to do after a listing.

    Attributes:
        differing: records that are new or not as they are known.
        missing: known records that the listing does not show; empty when it may not be believed about absence.
        removals: whether the missing are to be removed now.
    """

    differing: list[LabsRecord]
    missing: frozenset[int]
    removals: Removals


def reconcile(
    known: Mapping[int, Likeness],
    listed: Iterable[tuple[LabsRecord, Likeness]],
    *,
    trust_absence: bool,
    held: frozenset[int],
) -> ScopeReconciliation:
    """Hold a listing against what is known.

    Args:
        known: the records of the scope.
        listed: what the listing shows, each id once.
        trust_absence: False when part of the listing cannot be read: then nothing is missing.
        held: ids that a held listing did not show; empty when none is held.
    """
    seen: set[int] = set()
    differing: list[LabsRecord] = []
    for record, likeness in listed:
        seen.add(record.id)
        if known.get(record.id) != likeness:
            differing.append(record)
    missing = frozenset(known.keys() - seen) if trust_absence else frozenset()
    removals, _ = judge(missing, held & known.keys(), len(known))
    return ScopeReconciliation(differing, missing, removals)
