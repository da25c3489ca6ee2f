"""How many different rows several checks of one rule have found."""

from collections import Counter
from collections.abc import Collection, Sequence

from domain.labops.quality.report import RowTally

MOST_COMBINATIONS = 10_000


class DistinctRows:
    """Counts rows by the combination of tallies that they are in: memory grows with the columns, not with the rows.

    Which tallies become violations is known at the end only: a share of missing values may turn out to be allowed.
    Beyond 10,000 combinations, a row of a new one counts by its first tally alone.
    """

    def __init__(self, tallies: Sequence[RowTally]) -> None:
        self._tallies = tallies
        self._combinations: Counter[int] = Counter()
        for tally in tallies:
            tally.fresh = []

    def see(self) -> None:
        """Take in what the checks found in the rows that they have just looked at."""
        found: dict[int, int] = {}
        for number, tally in enumerate(self._tallies):
            if tally.fresh:
                for row in tally.fresh:
                    found[row] = found.get(row, 0) | 1 << number
                tally.fresh = []
        for combination, rows in Counter(found.values()).items():
            known = combination in self._combinations or len(self._combinations) < MOST_COMBINATIONS
            self._combinations[combination if known else combination & -combination] += rows

    def count(self, violating: Collection[RowTally]) -> int:
        """Return how many rows are in at least one of some tallies."""
        wanted = {id(tally) for tally in violating}
        mask = sum(1 << number for number, tally in enumerate(self._tallies) if id(tally) in wanted)
        return sum(rows for combination, rows in self._combinations.items() if combination & mask)
