"""Specimens that nobody gave: the starter kit's words and proportions (seed 004), the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.labops.values import SpecimenReading, SpecimenStatus

ASSAYS = ("CBC", "Chem7", "PCR")
MACHINES = tuple(f"M{number}" for number in range(1, 6))
OPERATORS = tuple(f"O{number}" for number in range(1, 21))
ERROR_CODES = tuple(f"E{number:02d}" for number in range(1, 6))
PREFIXES = ("SP", "BL", "UR", "CS")
SHORTEST_MINUTES, LONGEST_MINUTES = 30, 480
NUMBERS = 1_000_000
MOST = len(PREFIXES) * NUMBERS
"""There are no more ids of two letters and six digits."""


def synthetic_readings(
    count: int, *, seed: int, days: float, error_rate: float, until: datetime, first_number: int | None = None
) -> Iterator[SpecimenReading]:
    """Return specimens in the order of their reception, each in its state at ``until``.

    Args:
        count: at most ``MOST``.
        days: they were received within so many days before ``until``.
        error_rate: share of those that are done which failed, from 0 to 1.
        until: aware UTC; what would have happened later has not happened yet.
        first_number: ids have the numbers from here on, a quarter of ``count`` of them; any numbers when None. Ids are
            unique within one call only: those of others are not met where the numbers do not overlap.

    Raises:
        ValueError: the numbers do not fit into six digits.
    """
    needed = -(-count // len(PREFIXES))
    if first_number is not None and first_number + needed > NUMBERS:
        raise ValueError(f"the numbers from {first_number} to {first_number + needed - 1} do not fit into six digits")
    return _readings(count, needed, seed, days, error_rate, until, first_number)


def _readings(
    count: int,
    needed: int,
    seed: int,
    days: float,
    error_rate: float,
    until: datetime,
    first_number: int | None,
) -> Iterator[SpecimenReading]:
    dice = random.Random(seed)  # noqa: S311  nothing secret: the same seed must give the same
    among = range(NUMBERS) if first_number is None else range(first_number, first_number + needed)
    numbers = dice.sample(among, needed)
    step = days * 86_400 / max(count, 1)
    began = until - timedelta(days=days)
    for place in range(count):
        received = (began + timedelta(seconds=step * (place + dice.random()))).replace(microsecond=0)
        waits = timedelta(minutes=dice.uniform(5, 60))
        takes = timedelta(minutes=dice.uniform(SHORTEST_MINUTES, LONGEST_MINUTES))
        started = (received + min(waits, takes * 0.8)).replace(microsecond=0)
        done = (received + takes).replace(microsecond=0)
        failed = dice.random() < error_rate
        status = SpecimenStatus.ERROR if failed else SpecimenStatus.COMPLETED
        if done > until:
            status = SpecimenStatus.RECEIVED if started > until else SpecimenStatus.IN_PROCESS
        assay, machine, operator = dice.choice(ASSAYS), dice.choice(MACHINES), dice.choice(OPERATORS)
        code = dice.choice(ERROR_CODES)
        yield SpecimenReading(
            specimen_id=f"{PREFIXES[place % len(PREFIXES)]}{numbers[place // len(PREFIXES)]:06d}",
            assay=assay,
            machine_id=machine,
            operator_id=operator,
            status=status,
            received_at=received,
            started_at=None if status is SpecimenStatus.RECEIVED else started,
            processed_at=done if status is SpecimenStatus.COMPLETED else None,
            error_code=code if status is SpecimenStatus.ERROR else None,
        )
