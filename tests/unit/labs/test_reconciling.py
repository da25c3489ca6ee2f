"""What a listing means: nothing is removed unless absence may be trusted, and a big drop is told twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.labs.reconciliation import HOLD_AT_LEAST, KnownLab, Reconciliation, Removals, reconcile
from domain.labs.values import LabId, LabSnapshot


def lab(number: int, title: str = "t") -> LabSnapshot:
    return LabSnapshot(lab_id=LabId(f"l{number}"), title=title, state="STARTED")


def known(*numbers: int, removed: bool = False) -> dict[str, KnownLab]:
    return {f"l{number}": KnownLab(lab(number).compared(), removed) for number in numbers}


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"l{number}" for number in numbers)


def drop(of: int, gone: int, held: frozenset[str] = frozenset()) -> Reconciliation:
    """Hold a listing without the first ``gone`` labs against ``of`` known ones."""
    return reconcile(known(*range(of)), [lab(n) for n in range(gone, of)], trust_absence=True, held=held)


def test_labs_are_sorted_by_what_became_of_them() -> None:
    before = {**known(1, 2, 3), **known(4, removed=True)}
    plan = reconcile(before, [lab(1), lab(2, "new"), lab(4), lab(5)], trust_absence=True, held=frozenset())
    assert [one.lab_id for one in plan.new] == ["l5"]
    assert [one.lab_id for one in plan.changed] == ["l2"]
    assert [one.lab_id for one in plan.returning] == ["l4"]
    assert (plan.unchanged, plan.missing, plan.removals, plan.known_labs) == (1, ids(3), Removals.APPLIED, 3)
    assert not plan.changes_nothing


@pytest.mark.parametrize(
    ("of", "gone", "verdict"),
    [
        (10, 5, Removals.APPLIED),  # exactly half
        (9, 5, Removals.HELD),
        (4, 4, Removals.APPLIED),  # fewer than five
        (5, 4, Removals.APPLIED),
        (5, 5, Removals.HELD),
        (11, 6, Removals.HELD),
        (100, 50, Removals.APPLIED),
        (100, 51, Removals.HELD),
        (3, 0, Removals.NONE),
    ],
)
def test_more_than_half_and_at_least_five_are_held(of: int, gone: int, verdict: Removals) -> None:
    assert HOLD_AT_LEAST == 5
    assert drop(of, gone).removals is verdict


def test_a_held_listing_is_applied_when_the_next_says_the_same() -> None:
    plan = drop(10, 8, held=ids(*range(8)))
    assert (plan.removals, plan.settles_held, plan.confirms_held) == (Removals.APPLIED, True, True)
    assert not plan.drops_half, "that was told when it was held"


def test_a_few_more_are_removed_with_the_confirmed_ones() -> None:
    plan = drop(20, 13, held=ids(*range(12)))
    assert (plan.removals, len(plan.missing), plan.confirms_held) == (Removals.APPLIED, 13, True)


def test_a_second_big_drop_on_top_is_held_again() -> None:
    plan = drop(20, 18, held=ids(*range(11)))
    assert (plan.removals, plan.settles_held, len(plan.missing)) == (Removals.HELD, False, 18)


def test_a_held_listing_is_contradicted_when_the_labs_are_back() -> None:
    plan = drop(10, 0, held=ids(*range(8)))
    assert (plan.removals, plan.settles_held, plan.confirms_held, plan.missing) == (
        Removals.NONE,
        True,
        False,
        frozenset(),
    )


def test_another_big_drop_than_the_held_one_is_held_anew() -> None:
    plan = reconcile(known(*range(10)), [lab(0), lab(1)], trust_absence=True, held=ids(0, 1, 2, 3, 4, 5))
    assert (plan.removals, plan.settles_held) == (Removals.HELD, False)


def test_half_gone_at_once_is_worth_telling() -> None:
    assert drop(4, 2).drops_half
    assert not drop(4, 1).drops_half
    assert not drop(1, 1).drops_half
    assert not drop(9, 5).drops_half


numbers = st.frozensets(st.integers(0, 20))


@settings(max_examples=300, deadline=None)
@given(numbers, numbers, numbers, numbers, st.booleans())
def test_whatever_is_listed_nothing_goes_without_reason(
    present: frozenset[int], gone: frozenset[int], listed: frozenset[int], held: frozenset[int], trust: bool
) -> None:
    before = {**known(*(gone - present), removed=True), **known(*present)}
    plan = reconcile(before, [lab(n) for n in sorted(listed)], trust_absence=trust, held=ids(*held))
    assert len(plan.new) + len(plan.changed) + len(plan.returning) + plan.unchanged == len(listed)
    assert plan.missing <= ids(*present) - ids(*listed)
    if not trust:
        assert plan.removals is Removals.NONE
        assert not plan.missing
        assert not plan.settles_held
    elif plan.removals is Removals.APPLIED:
        assert plan.missing == ids(*present) - ids(*listed)
        confirmed = len(plan.missing & ids(*held)) if plan.confirms_held else 0
        left = len(plan.missing) - confirmed
        assert left < HOLD_AT_LEAST or left * 2 <= len(present) - confirmed
