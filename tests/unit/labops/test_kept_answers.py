"""Kept answers: the newest to each question, and never more than fits."""

from datetime import UTC, datetime

from application.labops.metrics.kept_answers import MOST_KEPT, Computed, KeptAnswers, Key
from application.labops.metrics.views import Grain, MetricTable, ThroughputPoint, ThroughputSeries
from domain.labops.sla_limits import SlaLimits

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def key(number: int) -> Key:
    return "throughput_series", f"filter {number}", Grain.HOUR, False


def answer(points: int) -> Computed:
    data = [ThroughputPoint(timestamp=NOON, count=1)] * points
    return Computed(ThroughputSeries(grain=Grain.HOUR, data=data), "1-a", 1, SlaLimits(), None)


def kept(answers: KeptAnswers, numbers: range) -> list[int]:
    return [number for number in numbers if answers.find(key(number)) is not None]


def test_the_oldest_answers_go_when_all_together_hold_too_much() -> None:
    answers = KeptAnswers(most_items=100)
    for number in range(5):
        answers.keep(key(number), answer(40))
    assert kept(answers, range(5)) == [3, 4]


def test_an_answer_takes_the_place_of_the_one_before() -> None:
    answers = KeptAnswers(most_items=100)
    answers.keep(key(0), answer(10))
    for _ in range(20):
        answers.keep(key(1), answer(40))
    assert kept(answers, range(2)) == [0, 1]


def test_one_answer_that_is_larger_than_all_may_be_is_kept_alone() -> None:
    answers = KeptAnswers(most_items=100)
    answers.keep(key(0), answer(10))
    answers.keep(key(1), answer(1_000))
    assert kept(answers, range(2)) == [1]
    answers.keep(key(2), answer(10))
    assert kept(answers, range(3)) == [2]


def test_rows_of_plugins_count_and_so_does_the_number_of_answers() -> None:
    answers = KeptAnswers(most_items=100)
    table = Computed(MetricTable(columns=["a"], rows=((1,),) * 90), "1-a", 1, SlaLimits(), None)
    answers.keep(key(0), table)
    answers.keep(key(1), answer(20))
    assert kept(answers, range(2)) == [1]
    many = KeptAnswers()
    for number in range(MOST_KEPT + 1):
        many.keep(key(number), answer(1))
    assert many.find(key(0)) is None
    assert many.find(key(1)) is not None
