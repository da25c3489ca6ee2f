"""Reading labs from a controller's answer: a bad one fails, the others go on."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.labs.cml_lab_parser import CmlLabParser, LabReading
from tests.support.cml import a_lab

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 2, tzinfo=UTC).replace(tzinfo=None)
LATEST = NOW.replace(tzinfo=None)


def read(*labs: Any) -> LabReading:
    reading = CmlLabParser().read_tiles(list(labs), NOW)
    assert reading is not None
    return reading


def reason_of(lab: Any) -> str:
    reading = read(lab, a_lab(99))
    assert list(reading.labs) == [a_lab(99)["id"]]
    assert len(reading.failures) == 1
    return reading.failures[0].reason


def test_a_lab_is_read_with_every_field() -> None:
    groups = [{"id": "g2", "name": "students", "permission": "read_only"}, {"id": "g1", "name": "qa"}]
    (lab,) = read(a_lab(1, lab_description="d", lab_notes="n", groups=groups)).labs.values()
    assert (lab.title, lab.description, lab.notes, lab.state) == ("BGP basics 1", "d", "n", "STARTED")
    assert (lab.owner_id, lab.owner_username, lab.owner_fullname) == (a_lab()["owner"], "alice", "Alice A.")
    assert (lab.node_count, lab.link_count, lab.groups) == (6, 7, ("qa", "students"))
    assert lab.cml_created_at == datetime(2026, 1, 20, 8, 0, tzinfo=UTC)
    assert lab.cml_modified_at == datetime(2026, 1, 21, 9, 30, 10, tzinfo=UTC)


def test_what_a_controller_may_leave_out_gets_a_default() -> None:
    (lab,) = read({"id": "a", "lab_title": "t", "state": "STOPPED"}).labs.values()
    assert (lab.description, lab.notes, lab.owner_id, lab.owner_username, lab.owner_fullname) == (
        "",
        "",
        "",
        None,
        None,
    )
    assert (lab.node_count, lab.link_count, lab.groups, lab.cml_created_at) == (0, 0, (), None)


def test_null_means_left_out() -> None:
    lab = a_lab() | dict.fromkeys(
        ("lab_description", "lab_notes", "owner", "owner_username", "owner_fullname", "node_count", "groups", "created")
    )
    (found,) = read(lab).labs.values()
    assert (found.description, found.owner_id, found.node_count, found.groups) == ("", "", 0, ())


def test_an_unknown_state_is_kept() -> None:
    (lab,) = read(a_lab(state="HIBERNATED")).labs.values()
    assert lab.state == "HIBERNATED"


@pytest.mark.parametrize("text", ["2026-01-20T10:00:00+02:00", "2026-01-20T08:00:00Z", "2026-01-20T08:00:00"])
def test_times_end_up_in_utc(text: str) -> None:
    (lab,) = read(a_lab(created=text)).labs.values()
    assert lab.cml_created_at == datetime(2026, 1, 20, 8, tzinfo=UTC)
    assert lab.cml_created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["1989-12-31T23:59:59+00:00", "2026-03-03T12:00:01+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "yesterday, as far as I know", "2026-01-20", "2026-01-20T08:00:00+00:00Z", "2026-02-30T00:00:00Z", "x" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("name", ["created", "modified"])
def test_an_absurd_time_fails_the_lab(name: str, text: str) -> None:
    reason = reason_of(a_lab(**{name: text}))
    assert name in reason
    assert len(reason) < 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"lab_title": None}, "lab_title is missing"),
        ({"lab_title": ""}, "lab_title is missing"),
        ({"lab_title": 42}, "lab_title is not a text"),
        ({"lab_title": "x" * 641}, "lab_title has more than 640 characters"),
        ({"state": None}, "state is missing"),
        ({"state": ["STARTED"]}, "state is not a text"),
        ({"lab_description": "x" * 40_961}, "lab_description has more than"),
        ({"lab_notes": {"a": 1}}, "lab_notes is not a text"),
        ({"node_count": "six"}, "node_count is not a number"),
        ({"node_count": True}, "node_count is not a number"),
        ({"link_count": -1}, "link_count is not a number"),
        ({"link_count": 1.5}, "link_count is not a number"),
        ({"groups": "none"}, "groups is not a list"),
        ({"groups": [{"permission": "read_only"}]}, "groups has an entry"),
        ({"owner_username": 7}, "owner_username is not a text"),
        ({"created": 17}, "created is not a text"),
        ({"id": None}, "id is missing (its title is 'BGP basics 1')"),
        ({"id": None, "lab_title": None}, "id is missing"),
        ({"id": "../admin"}, "id is malformed: it is '../admin' (its title is 'BGP basics 1')"),
        ({"id": "a" * 65}, f"id is malformed: it is '{'a' * 64}'..."),
        ({"id": "a\n"}, r"id is malformed: it is 'a\n'"),
        ({"id": "a\x1b[2J\u202eb"}, r"id is malformed: it is 'a\x1b[2J\u202eb'"),
        ({"id": ""}, "id is malformed: it is ''"),
        ({"id": 7}, "id is malformed: it is 7"),
        ({"id": False}, "id is malformed: it is false"),
        ({"id": {"deep": []}}, "id is malformed: it is an object"),
        ({"id": "a b", "lab_title": "t\x07" * 500}, "id is malformed: it is 'a b' (its title is 't\\x07t\\x07"),
    ],
)
def test_a_broken_field_fails_the_lab_and_says_which(fields: dict[str, Any], told: str) -> None:
    assert reason_of(a_lab(**fields)).startswith(told)


def test_texts_longer_than_the_controller_allows_today_are_read() -> None:
    assert read(a_lab(lab_title="x" * 640, lab_notes="y" * 40_000)).failures == []


@pytest.mark.parametrize("lab", ["text", 3, None, [], True])
def test_a_lab_that_is_no_object_fails(lab: Any) -> None:
    assert reason_of(lab) == "the lab is not an object"


def test_a_map_by_id_is_read_like_a_list() -> None:
    first, second = a_lab(1), a_lab(2)
    second_id = second.pop("id")
    reading = CmlLabParser().read_tiles({"lab_tiles": {first["id"]: first, second_id: second}}, NOW)
    assert reading is not None
    assert list(reading.labs) == [first["id"], second_id]


def test_a_lab_under_the_id_of_another_fails() -> None:
    reading = CmlLabParser().read_tiles({"lab_tiles": {"other": a_lab(1)}}, NOW)
    assert reading is not None
    assert [failure.lab_id for failure in reading.failures] == ["other"]
    assert f"id is '{a_lab(1)['id']}', yet it is listed under 'other'" in reading.failures[0].reason


def test_a_lab_under_an_unusable_id_says_which_it_was() -> None:
    reading = CmlLabParser().read_tiles({"lab_tiles": {"a b": a_lab(1), "c d": None}}, NOW)
    assert reading is not None
    assert [failure.lab_id for failure in reading.failures] == [None, None]
    assert reading.failures[0].reason.endswith("yet it is listed under 'a b' (its title is 'BGP basics 1')")
    assert reading.failures[1].reason == "lab 'c d' is not an object"


def test_a_lab_listed_twice_casts_doubt_on_the_listing() -> None:
    reading = read(a_lab(1), a_lab(1, lab_title="another"))
    assert [lab.title for lab in reading.labs.values()] == ["BGP basics 1"]
    assert reading.doubts


@pytest.mark.parametrize(
    "answer", [{}, {"unexpected": True}, {"lab_tiles": 3}, "labs", 7, None, ["a", "b"], {"lab_tiles": None}]
)
def test_an_answer_that_is_no_listing_is_not_an_empty_one(answer: Any) -> None:
    assert CmlLabParser().read_tiles(answer, NOW) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_a_field_holds_the_lab_is_read_or_failed_and_the_next_goes_on(data: st.DataObject) -> None:
    lab = a_lab(1)
    for name in data.draw(st.lists(st.sampled_from(sorted(lab)), max_size=4)):
        lab[name] = data.draw(JSON)
    reading = read(lab, a_lab(2))
    assert a_lab(2)["id"] in reading.labs or reading.doubts or lab["id"] == a_lab(2)["id"]
    assert len(reading.labs) + len(reading.failures) + len(reading.doubts) == 2


@settings(max_examples=300, deadline=None)
@given(at=st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.timezones()))
def test_every_plausible_time_survives_its_offset(at: datetime) -> None:
    (lab,) = read(a_lab(created=at.isoformat())).labs.values()
    assert lab.cml_created_at == datetime.fromisoformat(at.isoformat())


@settings(max_examples=200, deadline=None)
@given(answer=JSON)
def test_no_answer_breaks_the_reader(answer: Any) -> None:
    reading = CmlLabParser().read_tiles(answer, NOW)
    assert reading is None or not reading.labs
