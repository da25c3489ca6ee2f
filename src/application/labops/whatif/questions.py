"""What the table of specimens is asked, to learn how a laboratory works. Times come back as minutes."""

# ruff: noqa: S608  put together from the constants of this file; values are parameters

from domain.labops.whatif.scenario import POINTS

_SHARES = ", ".join(f"{(number + 0.5) / POINTS:.5f}" for number in range(POINTS))

EXTENT = """
WITH newest AS (
    SELECT received_at FROM specimens WHERE received_at <= $now ORDER BY received_at DESC LIMIT $most
)
SELECT
    min(received_at) FILTER (received_at >= (SELECT max(received_at) FROM newest) - to_days($days)),
    max(received_at)
FROM newest
"""
"""When the first and the last of the newest specimens were received."""

_SEEN = "WITH seen AS (SELECT * FROM specimens WHERE received_at >= $since AND received_at <= $until)"
_ENDED = "status IN ('COMPLETED', 'ERROR')"

ARRIVALS = f"""
{_SEEN}
SELECT assay, (floor(epoch(received_at) / 3600)::BIGINT + 72) % 168, count(*) FROM seen GROUP BY ALL ORDER BY ALL
"""
"""Per assay and hour of the week (1 January 1970 was a Thursday): how many were received."""

MACHINES = f"""
{_SEEN}
SELECT
    machine_id,
    count(*) FILTER ({_ENDED}),
    count(*) FILTER (status = 'ERROR'),
    coalesce(sum(greatest(0, version - CASE WHEN started_at IS NULL THEN 2 ELSE 3 END)) FILTER ({_ENDED}), 0)::BIGINT,
    count(*) FILTER (status = 'ERROR' AND processed_at IS NULL)
FROM seen GROUP BY machine_id ORDER BY machine_id
"""
"""Per machine: specimens that ended, those with an error, tries beyond the first, errors whose time is not known."""

TOTALS = f"""
{_SEEN}, results AS (
    SELECT *, epoch(processed_at - received_at) / 60 AS minutes
    FROM seen WHERE {_ENDED} AND processed_at >= received_at
)
SELECT
    (SELECT count(*) FROM seen),
    (SELECT count(*) FROM results),
    (SELECT count(*) FROM results WHERE started_at IS NOT NULL),
    (SELECT quantile_cont(minutes, [0.5, 0.9, 0.99]) FROM results WHERE status = 'COMPLETED')
"""
"""Specimens, those with a time of their result, of these those with a time of their start, and turn-around."""

KNOWN_STARTS = f"""
{_SEEN}
SELECT machine_id, assay, count(*), count(started_at)
FROM seen WHERE {_ENDED} AND processed_at >= received_at GROUP BY ALL ORDER BY ALL
"""
"""Per machine and assay: how many have a time of their result, and of how many of these the start is known."""

_MEASURED = f"""
{_SEEN}, worked AS (
    SELECT machine_id, assay, received_at, started_at, processed_at
    FROM seen
    WHERE {_ENDED} AND started_at >= received_at AND processed_at >= started_at AND version <= 3
)"""

_GROUPED = f"""
SELECT machine_id, assay, count(*), quantile_disc(minutes, [{_SHARES}]) FROM {{0}} GROUP BY ALL ORDER BY ALL
"""

MEASURED_SERVICE = f"""
{_MEASURED}, times AS (SELECT machine_id, assay, epoch(processed_at - started_at) / 60 AS minutes FROM worked)
{_GROUPED.format("times")}
"""
"""Per machine and assay: how many, and how long from start to result."""

_LEVELS = """marks AS (
    SELECT machine_id, {begin} AS moment, 1 AS step, NULL AS assay, NULL AS handled FROM worked
    UNION ALL SELECT machine_id, processed_at, -1, NULL, NULL FROM worked
    {more}
), levels AS (
    SELECT *, sum(step) OVER (PARTITION BY machine_id ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS level
    FROM marks
)"""

MEASURED_SLOTS = f"""
{_MEASURED}, {_LEVELS.format(begin="started_at", more="")}
SELECT machine_id, max(level)::BIGINT FROM levels GROUP BY machine_id
"""
"""Per machine: on how many specimens it worked at once at most."""

_RECEIPTS = "UNION ALL SELECT machine_id, received_at, 0, assay, epoch(started_at - received_at) / 60 FROM worked"

HANDLING = f"""
{_MEASURED}, {_LEVELS.format(begin="started_at", more=_RECEIPTS)}, slots AS (
    SELECT machine_id, max(level) AS slots FROM levels GROUP BY machine_id
)
SELECT assay, count(*), quantile_disc(handled, [{_SHARES}])
FROM levels JOIN slots USING (machine_id) WHERE handled IS NOT NULL AND level < slots GROUP BY assay ORDER BY assay
"""
"""Per assay: the time from receipt to start of those that found their machine with a free slot, so did not queue."""

_UNSTARTED = f"""
{_SEEN}, worked AS (
    SELECT
        machine_id, assay, received_at, processed_at,
        max(processed_at) OVER (
            PARTITION BY machine_id ORDER BY received_at, processed_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS latest_before,
        lag(processed_at) OVER (PARTITION BY machine_id ORDER BY processed_at, received_at) AS previous
    FROM seen WHERE {_ENDED} AND processed_at >= received_at
)"""

OVERTAKING = f"""
{_UNSTARTED}, {_LEVELS.format(begin="received_at", more="")}, slots AS (
    SELECT machine_id, max(level)::BIGINT AS slots FROM levels GROUP BY machine_id
), shares AS (
    SELECT machine_id, avg(CASE WHEN processed_at < latest_before THEN 1.0 ELSE 0.0 END) AS share
    FROM worked GROUP BY machine_id
)
SELECT machine_id, share, slots FROM shares JOIN slots USING (machine_id)
"""
"""Per machine: the share that was ready before one received earlier, and how many it had at once at most."""

ESTIMATED_SERVICE = f"""
{_UNSTARTED}, times AS (
    SELECT machine_id, assay, epoch(processed_at - greatest(received_at, coalesce(previous, received_at))) / 60
        AS minutes
    FROM worked
)
{_GROUPED.format("times")}
"""
"""Per machine and assay, where one is worked on after the other: how long since it could have begun."""

WHOLE_STAY = f"""
{_UNSTARTED}, times AS (SELECT machine_id, assay, epoch(processed_at - received_at) / 60 AS minutes FROM worked)
{_GROUPED.format("times")}
"""
"""Per machine and assay, where several are worked on at once: how long from receipt to result."""
