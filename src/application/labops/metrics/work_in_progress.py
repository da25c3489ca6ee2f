"""Metrics ``wip`` and ``reception``: what is open, how old it is, and what came in."""

from datetime import timedelta

from application.labops.metrics.lab_calendar import microseconds_of
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.promises import aware
from application.labops.metrics.views import AgeBucket, CountedGroup, OpenSpecimen, ReceptionView, WipView

AGE_EDGES_HOURS = (1, 2, 4, 8, 24, 72)
OLDEST = 20
_EDGES = tuple(hours * 3_600_000_000 for hours in AGE_EDGES_HOURS)
_OPEN = "waiting AS (SELECT * FROM specimens WHERE status IN ('RECEIVED', 'IN_PROCESS'))"
_STATUS, _ASSAY, _MACHINE, _ALL = 0b0011, 0b0101, 0b0110, 0b0111


class WorkInProgress(Metric):
    """Specimens without a result, by status, assay, machine and age."""

    name = "wip"
    description = "Specimens received or in process, by status, assay, machine and age, and the oldest of them."
    inputs = ("specimen_id", "assay", "machine_id", "status", "received_at", "started_at")
    filters_on = "received_at"

    async def answer_async(self, asked: Asked) -> WipView:
        now = microseconds_of(asked.now)
        rows = await asked.specimens.select_async(
            "SELECT grouping(status, assay, machine_id), coalesce(status, assay, machine_id), count(*) FROM waiting "
            "GROUP BY GROUPING SETS ((status), (assay), (machine_id), ()) ORDER BY 1, 2",
            also=_OPEN,
        )
        # A specimen from the future, by a clock that is ahead, is young.
        ages = ", ".join(f"count(*) FILTER (age >= {edge}), min({edge} - age) FILTER (age < {edge})" for edge in _EDGES)
        aged = "aged AS (SELECT $now - epoch_us(received_at) AS age FROM waiting)"
        ageing = f"SELECT {ages} FROM aged"  # noqa: S608 - numbers
        [known] = await asked.specimens.select_async(ageing, {"now": now}, also=f"{_OPEN}, {aged}")
        older, next_birthdays = known[::2], [wait for wait in known[1::2] if wait is not None]
        if next_birthdays:
            asked.valid_until = asked.now + timedelta(microseconds=min(next_birthdays))
        oldest = await asked.specimens.select_async(
            "SELECT specimen_id, assay, machine_id, status, received_at, started_at FROM waiting "  # noqa: S608
            f"ORDER BY received_at, specimen_id LIMIT {OLDEST}",
            also=_OPEN,
        )
        counts = {kind: {value: count for which, value, count in rows if which == kind} for kind, _, _ in rows}
        total = counts.get(_ALL, {}).get(None, 0)
        statuses = {"IN_PROCESS": 0, "RECEIVED": 0, **counts.get(_STATUS, {})}
        return WipView(
            total_open=total,
            by_status=_groups(statuses),
            by_assay=_groups(counts.get(_ASSAY, {})),
            by_machine=_groups(counts.get(_MACHINE, {})),
            ageing=_ageing([total, *older]),
            oldest=[
                OpenSpecimen(
                    specimen_id=row[0],
                    assay=row[1],
                    machine_id=row[2],
                    status=row[3],
                    received_at=aware(row[4]),
                    started_at=None if row[5] is None else aware(row[5]),
                )
                for row in oldest
            ],
        )


def _groups(counts: dict[str, int]) -> list[CountedGroup]:
    return [CountedGroup(value=value, count=counts[value]) for value in sorted(counts)]


def _ageing(at_least: list[int]) -> list[AgeBucket]:
    """Return the buckets, given how many specimens are at least as old as each edge, from 0 on."""
    edges = [0, *AGE_EDGES_HOURS]
    return [
        AgeBucket(
            from_hours=edge,
            to_hours=edges[index + 1] if index + 1 < len(edges) else None,
            count=at_least[index] - (at_least[index + 1] if index + 1 < len(edges) else 0),
        )
        for index, edge in enumerate(edges)
    ]


class Reception(Metric):
    """What came in."""

    name = "reception"
    description = "How many specimens were received, and when the last one was."
    inputs = ("received_at",)
    filters_on = "received_at"

    async def answer_async(self, asked: Asked) -> ReceptionView:
        count, last = (await asked.specimens.select_async("SELECT count(*), max(received_at) FROM specimens"))[0]
        return ReceptionView(count=count, last_received_at=None if last is None else aware(last))
