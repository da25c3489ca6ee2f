"""Made specimens in a Parquet file with the columns of the analytic table, in order of reception as its files are."""

import atexit
import functools
import tempfile
from pathlib import Path

import duckdb

MINUTES_OF_ALL = 90 * 24 * 60
_MAKE = """
COPY (
    WITH made AS (
        SELECT i, hash(i) AS h, hash(i + 1000000007) AS g,
            TIMESTAMP '2026-01-01' + to_microseconds((i * {step})::BIGINT) AS received_at
        FROM range({count}) AS numbers(i)
    ), known AS (
        SELECT *, CASE WHEN g % 100 < 7 THEN 'ERROR' WHEN g % 100 = 7 THEN 'RECEIVED'
            WHEN g % 100 = 8 THEN 'IN_PROCESS' ELSE 'COMPLETED' END AS status
        FROM made
    )
    SELECT 'SP' || lpad(i::VARCHAR, 9, '0') AS specimen_id,
        ['CBC', 'Chem7', 'PCR'][1 + (h % 3)::INTEGER] AS assay,
        'M' || (1 + (h // 3) % 5) AS machine_id,
        'O' || (1 + (h // 15) % 20) AS operator_id,
        status,
        CASE WHEN status = 'ERROR' THEN 'E0' || (1 + (h // 300) % 5) END AS error_code,
        received_at,
        CAST(NULL AS TIMESTAMP) AS started_at,
        CASE WHEN status = 'COMPLETED'
            THEN received_at + to_microseconds((1800000000 + (h // 1500) % 27000000 * 1000)::BIGINT)
            END AS processed_at,
        3 AS version
    FROM known ORDER BY received_at
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


@functools.cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="labkeeper-bench-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@functools.cache
def specimens_file(count: int) -> Path:
    """Return a file with so many specimens over ninety days; made once, gone with this process."""
    path = _folder() / f"specimens-{count}.parquet"
    step = MINUTES_OF_ALL * 60_000_000 // count
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as database:
        database.execute(_MAKE.format(count=count, step=step, path=path))
    return path
