"""What a listing means for the records of a worker: a pure decision, made before anything is loaded or written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from domain.kernel.absence import HOLD_AT_LEAST as HOLD_AT_LEAST
from domain.kernel.absence import Removals as Removals
from domain.kernel.absence import judge
from domain.labs.values import LabSnapshot

DROP_WORTH_TELLING = 2


class KnownLab(NamedTuple):
    """The part of a record that a listing is held against."""

    compared: tuple[object, ...]
    removed: bool


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What to do after a listing.

    Attributes:
        new, changed, returning: snapshots of labs never seen, known but different, and removed but here again.
        unchanged: number of labs that are as known.
        missing: ids of known labs that the listing does not show; empty when it may not be believed about absence.
        removals: whether the missing are removed now.
        settles_held: whether a held listing is settled by this one; ``confirms_held`` says how.
        known_labs: number of labs that were known and not removed.
    """

    new: list[LabSnapshot] = field(default_factory=list)
    changed: list[LabSnapshot] = field(default_factory=list)
    returning: list[LabSnapshot] = field(default_factory=list)
    unchanged: int = 0
    missing: frozenset[str] = frozenset()
    removals: Removals = Removals.NONE
    settles_held: bool = False
    confirms_held: bool = False
    known_labs: int = 0

    @property
    def changes_nothing(self) -> bool:
        """Whether no record and no held listing is touched."""
        return not (self.new or self.changed or self.returning or self.missing or self.settles_held)

    @property
    def drops_half(self) -> bool:
        """Whether half or more of the labs are removed at once, without having been held before."""
        gone = len(self.missing)
        return (
            self.removals is Removals.APPLIED
            and not self.confirms_held
            and gone >= DROP_WORTH_TELLING
            and gone * 2 >= self.known_labs
        )


def reconcile(
    known: Mapping[str, KnownLab],
    labs: Iterable[LabSnapshot],
    *,
    trust_absence: bool,
    held: frozenset[str],
    as_known: Mapping[str, LabSnapshot] = MappingProxyType({}),
) -> Reconciliation:
    """Hold a listing against what is known.

    Args:
        known: by lab id, removed ones too.
        labs: what the listing shows, each id once.
        trust_absence: False when the listing failed in part or was cut short: then nothing is missing.
        held: ids that a held listing did not show; empty when none is held.
        as_known: snapshots, by lab id, that the records are known to agree with.
    """
    new: list[LabSnapshot] = []
    changed: list[LabSnapshot] = []
    returning: list[LabSnapshot] = []
    unchanged = 0
    seen: set[str] = set()
    for lab in labs:
        seen.add(lab.lab_id)
        if as_known.get(lab.lab_id) is lab:
            unchanged += 1
            continue
        before = known.get(lab.lab_id)
        if before is None:
            new.append(lab)
        elif before.removed:
            returning.append(lab)
        elif before.compared == lab.compared():
            unchanged += 1
        else:
            changed.append(lab)
    present = {lab_id for lab_id, lab in known.items() if not lab.removed}
    if not trust_absence:
        return Reconciliation(new, changed, returning, unchanged, known_labs=len(present))
    missing = frozenset(present - seen)
    removals, confirms = judge(missing, held & present, len(present))
    settles = bool(held) and removals is not Removals.HELD
    return Reconciliation(
        new, changed, returning, unchanged, missing, removals, settles, settles and confirms, len(present)
    )
