"""What a listing of a scope means for what is known of it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.absence import HOLD_AT_LEAST, Removals
from domain.records.reconciliation import Likeness, likeness_of, reconcile
from domain.records.values import LabsRecord

NOTHING: frozenset[int] = frozenset()


def a_record(number: int, data: Any = "x") -> LabsRecord:
    return LabsRecord(id=number, experiment="tasks", type="Task", data=data, opportunity_id=814)


def known(*records: LabsRecord) -> dict[int, Likeness]:
    return {record.id: likeness_of(record) for record in records}


def listed(*records: LabsRecord) -> list[tuple[LabsRecord, Likeness]]:
    return [(record, likeness_of(record)) for record in records]


def test_new_changed_and_missing_are_told_apart() -> None:
    plan = reconcile(
        known(a_record(1), a_record(2), a_record(3)),
        listed(a_record(1), a_record(2, "y"), a_record(4)),
        trust_absence=True,
        held=NOTHING,
    )
    assert ([one.id for one in plan.differing], plan.missing, plan.removals) == (
        [2, 4],
        frozenset({3}),
        Removals.APPLIED,
    )


def test_the_order_of_keys_and_the_type_of_a_number_count() -> None:
    before = known(a_record(1, {"a": 1, "b": 2}), a_record(2, {"n": 1}), a_record(3, {"n": 1}))
    now = listed(a_record(1, {"b": 2, "a": 1}), a_record(2, {"n": True}), a_record(3, {"n": 1}))
    assert [one.id for one in reconcile(before, now, trust_absence=True, held=NOTHING).differing] == [1, 2]


def test_a_listing_that_cannot_be_read_in_full_lets_nothing_go() -> None:
    plan = reconcile(known(a_record(1), a_record(2)), listed(a_record(1)), trust_absence=False, held=NOTHING)
    assert (plan.missing, plan.removals) == (NOTHING, Removals.NONE)


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_big_drop_goes_with_the_second_listing_that_says_so(stays: int, goes: int) -> None:
    before = known(*(a_record(number) for number in range(1, stays + goes + 1)))
    now = listed(*(a_record(number) for number in range(1, stays + 1)))
    first = reconcile(before, now, trust_absence=True, held=NOTHING)
    is_big = goes >= HOLD_AT_LEAST and goes * 2 > stays + goes
    expected = Removals.NONE if not goes else Removals.HELD if is_big else Removals.APPLIED
    assert first.removals is expected
    if is_big:
        again = reconcile(before, now, trust_absence=True, held=first.missing)
        assert (again.removals, again.missing) == (Removals.APPLIED, first.missing)
