"""What is taken over from the answer before, and what is read anew."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.labs.known_labs import KnownWorkerLabs
from application.labs.ports import LabFailure, LabListing
from domain.labs.lab_record import LabRecord
from domain.labs.reconciliation import Removals
from integration.labs.cml_lab_parser import CmlLabParser, LabReading
from integration.labs.remembered_tiles import RememberedTiles
from tests.support.cml import a_lab

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Controller:
    """Reads one answer after the other as one worker's."""

    def __init__(self) -> None:
        self._parser = CmlLabParser()
        self._remembered = RememberedTiles()

    def read(self, *labs: Any, as_map: bool = True, now: datetime = NOW) -> LabReading:
        answer: Any = {lab["id"]: lab for lab in labs} if as_map else list(labs)
        reading = self._parser.read_tiles({"lab_tiles": answer}, now, self._remembered)
        assert reading is not None
        return reading


@pytest.mark.parametrize("as_map", [True, False])
def test_only_what_differs_is_read_again(as_map: bool) -> None:
    controller = Controller()
    before = controller.read(a_lab(1), a_lab(2), as_map=as_map).labs
    after = controller.read(a_lab(1), a_lab(2, state="STOPPED"), as_map=as_map).labs
    first, second = (a_lab(number)["id"] for number in (1, 2))
    assert after[first] is before[first]
    assert (before[second].state, after[second].state) == ("STARTED", "STOPPED")


def test_a_lab_that_comes_back_as_it_was_is_there() -> None:
    controller = Controller()
    controller.read(a_lab(1), a_lab(2))
    assert list(controller.read(a_lab(1)).labs) == [a_lab(1)["id"]]
    assert len(controller.read(a_lab(1), a_lab(2)).labs) == 2


def test_a_lab_listed_twice_is_doubted_also_when_it_is_remembered() -> None:
    controller = Controller()
    controller.read(a_lab(1), as_map=False)
    reading = controller.read(a_lab(1), a_lab(1), as_map=False)
    assert reading.doubts == [f"lab {a_lab(1)['id']} is listed twice"]
    assert len(reading.labs) == 1


def test_a_bad_lab_is_bad_again_until_it_is_mended() -> None:
    controller = Controller()
    for _ in range(2):
        reading = controller.read(a_lab(1), a_lab(2, lab_title=None))
        assert [failure.lab_id for failure in reading.failures] == [a_lab(2)["id"]]
    assert not controller.read(a_lab(1), a_lab(2)).failures


def test_a_lab_from_the_future_is_good_once_its_time_has_come() -> None:
    controller = Controller()
    lab = a_lab(1, modified=(NOW + timedelta(days=5)).isoformat())
    assert controller.read(lab).failures
    assert not controller.read(lab, now=NOW + timedelta(days=5)).failures


@pytest.mark.parametrize("text", ["\ud800", "half \udc00 a pair"])
def test_half_a_surrogate_pair_is_compared_like_any_text(text: str) -> None:
    controller = Controller()
    first = controller.read(a_lab(1, lab_notes=text))
    assert controller.read(a_lab(1, lab_notes=text)).labs == first.labs


def listing_of(reading: LabReading, *failures: LabFailure) -> LabListing:
    return LabListing(tuple(reading.labs.values()), failures, not failures, "some failed" if failures else None)


def known_after(listing: LabListing) -> KnownWorkerLabs:
    known = KnownWorkerLabs(1)
    for snapshot in listing.labs:
        known.note(LabRecord.create("w1", snapshot, NOW))
    known.settle(listing, known.plan(listing, frozenset()))
    return known


def test_the_same_listing_again_changes_nothing() -> None:
    listing = listing_of(Controller().read(*(a_lab(number) for number in range(4))))
    plan = known_after(listing).plan(listing, frozenset())
    assert (plan.unchanged, plan.known_labs, plan.changes_nothing) == (4, 4, True)


def test_labs_of_an_earlier_listing_are_told_from_changed_and_missing_ones() -> None:
    controller = Controller()
    known = known_after(listing_of(controller.read(a_lab(1), a_lab(2), a_lab(3))))
    plan = known.plan(listing_of(controller.read(a_lab(1), a_lab(2, state="STOPPED"), a_lab(4))), frozenset())
    assert plan.unchanged == 1
    assert [lab.lab_id for lab in plan.changed] == [a_lab(2)["id"]]
    assert [lab.lab_id for lab in plan.new] == [a_lab(4)["id"]]
    assert plan.missing == {a_lab(3)["id"]}


def test_a_held_listing_is_not_taken_for_settled() -> None:
    controller = Controller()
    known = known_after(listing_of(controller.read(*(a_lab(number) for number in range(10)))))
    dropped = listing_of(controller.read(a_lab(1)))
    plan = known.plan(dropped, frozenset())
    assert plan.removals is Removals.HELD
    known.settle(dropped, plan)
    again = known.plan(dropped, plan.missing)
    assert (again.removals, again.confirms_held) == (Removals.APPLIED, True)


def test_a_listing_with_failures_is_not_taken_for_settled() -> None:
    controller = Controller()
    known = known_after(listing_of(controller.read(a_lab(1), a_lab(2))))
    partial = listing_of(controller.read(a_lab(1)), LabFailure(a_lab(2)["id"], "no title"))
    known.settle(partial, known.plan(partial, frozenset()))
    assert known.settled is None
    assert known.plan(listing_of(controller.read(a_lab(1))), frozenset()).missing == {a_lab(2)["id"]}
