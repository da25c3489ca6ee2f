"""How long to wait before a call is made again."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.http.retry import RetryPolicy, retry_after_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@given(attempt=st.integers(1, 40), seed=st.integers())
def test_the_wait_lies_under_a_doubling_bound(attempt: int, seed: int) -> None:
    wait = RetryPolicy(base_seconds=0.2, cap_seconds=5.0).wait_seconds(attempt, None, Random(seed))
    assert 0.0 <= wait <= min(5.0, 0.2 * 2 ** (attempt - 1))


def test_the_waits_differ() -> None:
    random = Random(1)
    assert len({RetryPolicy().wait_seconds(3, None, random) for _ in range(20)}) == 20


def test_what_the_other_side_asks_for_is_waited_at_least() -> None:
    assert RetryPolicy().wait_seconds(1, 7.0, Random(1)) == 7.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3.0), ("0", 0.0), ("Sun, 01 Mar 2026 12:00:09 GMT", 9.0), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
     ("", None), ("soon", None), ("-1", None), ("1e9", None), ("9" * 40, None), ("\u0663", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": text}, NOW) == seconds
