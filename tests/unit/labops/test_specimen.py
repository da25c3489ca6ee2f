"""Given what is known of a specimen, when something is said about it, then this fact is recorded, or it is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.labops.errors import ContradictoryReadingError, ImpossibleTransitionError, InvalidSpecimenError
from domain.labops.moments import moment_of
from domain.labops.specimen import Specimen, SpecimenState
from domain.labops.values import SpecimenReading, SpecimenStatus

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = AT + timedelta(days=1)
RECEIVED, IN_PROCESS, COMPLETED, ERROR = SpecimenStatus


def reading(status: SpecimenStatus = RECEIVED, **fields: Any) -> SpecimenReading:
    values = {"specimen_id": "SP1", "assay": "CBC", "machine_id": "M1", "operator_id": "O1", "received_at": AT}
    return SpecimenReading(**{**values, "status": status, **fields})


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def given(*readings: SpecimenReading) -> Specimen:
    """Return a stored specimen that these readings made."""
    specimen = Specimen.receive(readings[0], NOW)
    for one in readings[1:]:
        assert specimen.take(one, NOW)
    specimen.mark_committed()
    return specimen


def facts(specimen: Specimen) -> list[str]:
    return [event.event_type.removeprefix("labops.specimen-") for event in specimen.pending_events]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RECEIVED, ["received.v1"]),
        (IN_PROCESS, ["received.v1", "started.v1"]),
        (COMPLETED, ["received.v1", "completed.v1"]),
        (ERROR, ["received.v1", "failed.v1"]),
    ],
)
def test_a_first_reading_receives_and_moves_on(status: SpecimenStatus, expected: list[str]) -> None:
    specimen = Specimen.receive(reading(status), NOW)
    assert facts(specimen) == expected
    assert [event.event_id for event in specimen.pending_events] == [f"SP1.{n + 1}" for n in range(len(expected))]
    assert specimen.state.status is status


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"specimen_id": " "}, "specimen_id"),
        ({"specimen_id": "x" * 51}, "specimen_id"),
        ({"specimen_id": " .. "}, "specimen_id"),
        ({"assay": "a\x00b"}, "assay"),
        ({"machine_id": "x" * 11}, "machine_id"),
        ({"operator_id": ""}, "operator_id"),
        ({"status": COMPLETED, "processed_at": later(-1)}, "processed_at"),
        ({"processed_at": later(1)}, "processed_at"),
        ({"started_at": later(1)}, "started_at"),
        ({"status": IN_PROCESS, "started_at": later(-1)}, "started_at"),
        ({"status": COMPLETED, "started_at": later(2), "processed_at": later(1)}, "processed_at"),
        ({"status": COMPLETED, "error_code": "E01"}, "error_code"),
        ({"status": ERROR, "error_code": "x" * 11}, "error_code"),
    ],
)
def test_a_reading_that_breaks_a_rule_is_refused_and_names_the_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSpecimenError) as refused:
        Specimen.receive(reading(**fields), NOW)
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["received_at", "started_at", "processed_at"])
def test_times_lie_before_the_year_2200(field: str) -> None:
    last = datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)
    times = {"received_at": AT, field: last}
    assert getattr(reading(COMPLETED, **times), field) == last
    with pytest.raises(InvalidSpecimenError) as refused:
        reading(COMPLETED, **{**times, field: last + timedelta(seconds=1)})
    assert (refused.value.field, refused.value.rule) == (field, "must be before the year 2200")


def test_names_lose_the_spaces_around_them() -> None:
    specimen = Specimen.receive(reading(specimen_id=" SP1 ", assay="CBC "), NOW)
    assert (specimen.state.id, specimen.state.assay) == ("SP1", "CBC")


def test_the_whole_life() -> None:
    specimen = given(reading())
    specimen.start(machine_id="M2", operator_id=None, started_at=later(5), at=NOW)
    specimen.complete(processed_at=later(30), at=NOW)
    assert facts(specimen) == ["started.v1", "completed.v1"]
    state = specimen.state
    assert (state.machine_id, state.operator_id, state.started_at, state.processed_at) == (
        "M2",
        "O1",
        later(5),
        later(30),
    )


@pytest.mark.parametrize("status", [IN_PROCESS, COMPLETED, ERROR])
def test_only_what_waits_can_be_started(status: SpecimenStatus) -> None:
    with pytest.raises(ImpossibleTransitionError, match=status):
        given(reading(status)).start(machine_id=None, operator_id=None, started_at=later(1), at=NOW)


@pytest.mark.parametrize("status", [RECEIVED, COMPLETED, ERROR])
def test_only_what_is_worked_on_can_end(status: SpecimenStatus) -> None:
    with pytest.raises(ImpossibleTransitionError):
        given(reading(status)).complete(processed_at=later(1), at=NOW)
    with pytest.raises(ImpossibleTransitionError):
        given(reading(status)).fail(error_code="E01", processed_at=None, at=NOW)


def test_a_result_before_the_start_is_refused() -> None:
    specimen = given(reading(), reading(IN_PROCESS, started_at=later(10)))
    with pytest.raises(InvalidSpecimenError, match="started_at"):
        specimen.complete(processed_at=later(5), at=NOW)


@pytest.mark.parametrize(
    ("known", "said", "recorded"),
    [
        ([reading()], reading(), []),
        ([reading()], reading(IN_PROCESS, started_at=later(1)), ["started.v1"]),
        ([reading()], reading(COMPLETED, processed_at=later(9)), ["completed.v1"]),
        ([reading(IN_PROCESS)], reading(), []),
        ([reading(IN_PROCESS)], reading(ERROR, error_code="E01"), ["failed.v1"]),
        ([reading(COMPLETED, processed_at=later(9))], reading(IN_PROCESS), []),
        ([reading(COMPLETED, processed_at=later(9))], reading(COMPLETED, processed_at=later(9)), []),
        ([reading(COMPLETED, processed_at=later(9))], reading(COMPLETED, processed_at=later(8)), []),
        ([reading(COMPLETED, processed_at=later(9))], reading(COMPLETED), []),
        (
            [reading(COMPLETED, processed_at=later(9))],
            reading(COMPLETED, processed_at=later(10), machine_id="M9"),
            ["result-amended.v1"],
        ),
        ([reading(ERROR, error_code="E01")], reading(COMPLETED, processed_at=later(9)), ["result-amended.v1"]),
        ([reading(COMPLETED)], reading(COMPLETED, processed_at=later(9)), ["result-amended.v1"]),
        ([reading()], reading(ERROR, error_code="E01", machine_id="M2"), ["failed.v1"]),
        ([reading(ERROR, error_code="E01")], reading(ERROR, error_code="E01"), []),
        ([reading(ERROR, error_code="E01")], reading(ERROR), []),
        ([reading(ERROR, error_code="E01")], reading(IN_PROCESS, machine_id="M2"), []),
        ([reading(IN_PROCESS, started_at=later(3))], reading(IN_PROCESS), []),
        ([reading(IN_PROCESS)], reading(IN_PROCESS, started_at=later(3)), []),
    ],
)
def test_a_reading_moves_on_or_changes_nothing(
    known: list[SpecimenReading], said: SpecimenReading, recorded: list[str]
) -> None:
    specimen = given(*known)
    assert specimen.take(said, NOW) is bool(recorded)
    assert facts(specimen) == recorded


@pytest.mark.parametrize(
    ("known", "said", "field"),
    [
        (reading(), reading(assay="PCR"), "assay"),
        (reading(), reading(received_at=later(1)), "received_at"),
        (reading(), reading(machine_id="M2"), "machine_id"),
        (reading(IN_PROCESS), reading(IN_PROCESS, operator_id="O2"), "operator_id"),
        (reading(COMPLETED, processed_at=later(9)), reading(ERROR, processed_at=later(9)), "status"),
        (
            reading(ERROR, error_code="E01", processed_at=later(9)),
            reading(ERROR, error_code="E02", processed_at=later(9)),
            "error_code",
        ),
        (reading(COMPLETED), reading(ERROR, processed_at=later(9)), "status"),
        (reading(COMPLETED, processed_at=later(9)), reading(ERROR, error_code="E01"), "status"),
        (reading(COMPLETED, processed_at=later(9)), reading(COMPLETED, processed_at=later(10), assay="PCR"), "assay"),
        (reading(ERROR, error_code="E01"), reading(ERROR, error_code="E02"), "error_code"),
        (reading(ERROR), reading(ERROR, error_code="E02"), "error_code"),
        (reading(IN_PROCESS, started_at=later(3)), reading(IN_PROCESS, started_at=later(4)), "started_at"),
        (
            reading(COMPLETED, started_at=later(3), processed_at=later(9)),
            reading(COMPLETED, started_at=later(4), processed_at=later(9)),
            "started_at",
        ),
        (reading(IN_PROCESS, started_at=later(9)), reading(COMPLETED, processed_at=later(8)), "processed_at"),
    ],
)
def test_a_reading_that_cannot_be_true_is_refused(known: SpecimenReading, said: SpecimenReading, field: str) -> None:
    specimen = given(known)
    with pytest.raises(ContradictoryReadingError) as refused:
        specimen.take(said, NOW)
    assert refused.value.contradicted == field
    assert not specimen.pending_events


def test_a_reading_without_a_start_leaves_the_one_that_is_known() -> None:
    specimen = given(reading(IN_PROCESS, started_at=later(3)))
    specimen.take(reading(COMPLETED, processed_at=later(9)), NOW)
    assert specimen.state.started_at == later(3)


def test_every_fact_says_all_that_is_known_afterwards() -> None:
    specimen = given(reading(IN_PROCESS, started_at=later(3)), reading(COMPLETED, processed_at=later(9)))
    specimen.take(reading(ERROR, processed_at=later(10), error_code="E05"), NOW)
    state = SpecimenState()
    state.on(specimen.pending_events[-1])
    names = ("status", "assay", "machine_id", "operator_id", "received_at", "processed_at", "error_code")
    assert [getattr(state, name) for name in names] == [getattr(specimen.state, name) for name in names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T08:00:00Z", AT),
        ("2026-03-01 08:00", AT),
        ("2026-03-01T08:00:00.1239", AT.replace(microsecond=123_000)),
        ("2026-03-01t09:00:00+01:00", AT),
        ("2026-03-01 03:00:00 -0500", AT),
    ],
)
def test_times_are_read_to_the_millisecond(text: str, expected: datetime) -> None:
    assert moment_of("received_at", text, UTC) == expected


def test_a_time_without_offset_is_the_labs() -> None:
    assert moment_of("received_at", "2026-07-01T10:00:00", ZoneInfo("Europe/Berlin")) == datetime(
        2026, 7, 1, 8, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "not_before", "expected"),
    [
        ("2026-10-25T02:10:00", None, "2026-10-25T00:10:00Z"),
        ("2026-10-25T02:10:00", "2026-10-25T00:05:00Z", "2026-10-25T00:10:00Z"),
        ("2026-10-25T02:10:00", "2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z"),
        ("2026-10-25T02:10:00+02:00", "2026-10-25T00:50:00Z", "2026-10-25T00:10:00Z"),
        ("2026-10-25T04:00:00", "2026-10-25T05:00:00Z", "2026-10-25T03:00:00Z"),
        ("2026-03-29T02:30:00", None, "2026-03-29T01:30:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T02:00:00Z", "2026-03-29T01:30:00Z"),
    ],
)
def test_a_time_that_the_labs_clock_shows_twice_or_never(text: str, not_before: str | None, expected: str) -> None:
    earliest = None if not_before is None else datetime.fromisoformat(not_before)
    found = moment_of("processed_at", text, ZoneInfo("Europe/Berlin"), earliest)
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-03-01", "20260301T080000", "2026-13-01T00:00:00", "1750000000", "2026-03-01T08:00:00+99:00",
     "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpecimenError, match="received_at"):
        moment_of("received_at", text, UTC)


def test_a_reading_is_not_changed_by_being_looked_at() -> None:
    one = reading(COMPLETED, processed_at=later(1))
    before = replace(one)
    Specimen.receive(one, NOW)
    assert one == before
