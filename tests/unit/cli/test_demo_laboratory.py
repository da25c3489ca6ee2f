"""The laboratory of the demo: what it sends raises its alert, and lets it be over, within five minutes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.demo_laboratory import RULE, TROUBLED, Laboratory

BEGAN_AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
WINDOW = timedelta(seconds=90)
FIVE_MINUTES = 300


@pytest.mark.parametrize("seed", range(8))
def test_the_alert_of_the_demo_is_raised_and_over_within_five_minutes(seed: int) -> None:
    laboratory = Laboratory(BEGAN_AT, seed)
    known: dict[str, dict[str, Any]] = {}
    stands, told = False, []
    for second in range(0, FIVE_MINUTES, 5):  # as often as the demo evaluates rules
        now = BEGAN_AT + timedelta(seconds=second)
        for reading in laboratory.readings_until(now):
            known[reading["specimen_id"]] = reading
        begin = (now - WINDOW).isoformat()
        seen = [one for one in known.values() if one["machine_id"] == TROUBLED and one["received_at"] >= begin]
        rate = sum(one["status"] == "ERROR" for one in seen) / len(seen) if seen else 0.0
        if not stands and rate > RULE["threshold"]:
            told.append("raised")
        elif stands and rate < RULE["clear_threshold"]:
            told.append("resolved")
        stands = bool(told) and told[-1] == "raised"
    assert RULE["window"] == "PT90S"
    assert told == ["raised", "resolved"]
