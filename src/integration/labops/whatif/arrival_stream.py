"""The specimens that arrive in one replication."""

from bisect import bisect_right
from itertools import accumulate
from random import Random

from domain.labops.whatif.laboratory import Laboratory

Job = tuple[float, float, int, float, int]
"""When it came to the queue, when it was received, number of its assay, its luck with the time that it takes, tries.

The luck is drawn with the specimen and not by the machine, so that the same specimen has the same luck whatever the
laboratory is like: what differs between two laboratories is then no matter of chance.
"""


def jobs_of(laboratory: Laboratory, horizon: float, random: Random, first_hour: int = 0) -> list[Job]:
    """Return the specimens of a replication in the order in which they come to the queue.

    Args:
        first_hour: hour of the week, from Monday 00:00 UTC, in which the replication begins.
    """
    rates, mix = laboratory.arrivals.per_hour, laboratory.arrivals.mix
    cumulated = [list(accumulate(shares)) for shares in mix]
    handling = [laboratory.handling.get(assay, ()) for assay in laboratory.assays]
    last = len(laboratory.assays) - 1
    jobs: list[Job] = []
    draw, pause = random.random, random.expovariate
    hour = 0
    while (begin := hour * 60.0) < horizon:
        of_pattern = (first_hour + hour) % len(rates)
        rate = rates[of_pattern] / 60.0
        shares = cumulated[of_pattern]
        hour += 1
        if rate <= 0:
            continue
        end = min(begin + 60.0, horizon)
        at = begin + pause(rate)
        while at < end:
            assay = min(last, bisect_right(shares, draw() * shares[-1])) if last else 0
            before = handling[assay]
            queued = at + before[int(draw() * len(before))] if before else at
            jobs.append((queued, at, assay, draw(), 0))
            at += pause(rate)
    if any(handling):
        jobs.sort()
    return jobs
