"""How a row is measured: ours and the baseline in turns, warmed up before, the median of the rounds."""

import gc
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Side = Callable[[], Awaitable[float]]
"""Does the work of one round and returns its figure: a rate, or a time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run of a row showed: medians over the rounds; ``ratio`` is the median of the rounds' ratios."""

    ours: float
    baseline: float
    ratio: float


Measure = Callable[[str], Coroutine[Any, Any, Reading]]
"""Takes the MongoDB URI of a replica set and does one run."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        name: fixed; other papers refer to it.
        goal: bound of the ratio.
        better: whether a higher or a lower ratio is better.
        unit: of ``ours`` and ``baseline``.
    """

    name: str
    goal: float
    better: Literal["higher", "lower"]
    unit: str
    measure: Measure

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.goal if self.better == "higher" else ratio <= self.goal


async def alternating(ours: Side, baseline: Side, rounds: int, warm_up: int = 1) -> Reading:
    """Measure both sides in turns, each going first every other round."""
    for _ in range(warm_up):
        await baseline()
        await ours()
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        gc.collect()
        if number % 2:
            mine = await ours()
            theirs = await baseline()
        else:
            theirs = await baseline()
            mine = await ours()
        pairs.append((mine, theirs))
    return Reading(
        ours=median(mine for mine, _ in pairs),
        baseline=median(theirs for _, theirs in pairs),
        ratio=median(mine / theirs for mine, theirs in pairs),
    )


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
