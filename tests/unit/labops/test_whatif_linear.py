"""The kit's formula, by hand."""

import pytest

from domain.labops.whatif.linear import CurrentFigures, LinearProjection, project_linearly


def test_it_is_the_kits_formula() -> None:
    projection = project_linearly(CurrentFigures(200.0, 1000, 5), extra_machines=2, reduced_failure_rate=25)
    assert projection == LinearProjection(150.0, 1400.0, 25.0, pytest.approx(40.0))


def test_no_change_promises_nothing() -> None:
    assert project_linearly(CurrentFigures(200.0, 1000, 5), 0, 0) == LinearProjection(200.0, 1000.0, 0.0, 0.0)


def test_without_data_everything_is_zero() -> None:
    assert project_linearly(CurrentFigures(0.0, 0, 0), 3, 50) == LinearProjection(0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (CurrentFigures(100.0, 0, 5), LinearProjection(50.0, 0.0, 50.0, 0.0)),
        (CurrentFigures(0.0, 10, 5), LinearProjection(0.0, 12.0, 0.0, pytest.approx(20.0))),
        (CurrentFigures(100.0, 10, 0), LinearProjection(50.0, 10.0, 50.0, 0.0)),
    ],
)
def test_what_is_zero_now_divides_nothing(now: CurrentFigures, expected: LinearProjection) -> None:
    assert project_linearly(now, 1, 50) == expected
