"""Specimens of a made-up day, the same each time."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

ASSAYS = ("CBC", "Chem7", "PCR")


def synthetic_readings(count: int, now: datetime | None = None, seed: int = 7) -> list[dict[str, Any]]:
    """Return readings received over the last 30 hours: most completed, some failed, some open, a few of those late."""
    rng, now = random.Random(seed), now or datetime.now(UTC)
    found = []
    for number in range(count):
        received = now - timedelta(minutes=30 * 60 * (1 - number / count) ** 1.1)
        reading: dict[str, Any] = {
            "specimen_id": f"SP{number:06d}",
            "assay": rng.choices(ASSAYS, (5, 3, 2))[0],
            "machine_id": f"M{rng.choices(range(1, 6), (5, 4, 4, 3, 2))[0]}",
            "operator_id": f"O{rng.randrange(1, 21)}",
            "received_at": received.isoformat(),
        }
        done = received + timedelta(minutes=rng.triangular(30, 330, 95))
        if rng.random() < 0.07:
            reading |= {"status": "ERROR", "error_code": f"E0{rng.choices(range(1, 6), (6, 3, 2, 2, 1))[0]}"}
        elif done < now and rng.random() < 0.985:
            started = received + (done - received) * 0.6
            reading |= {"status": "COMPLETED", "started_at": started.isoformat(), "processed_at": done.isoformat()}
        elif rng.random() < 0.5:
            reading |= {"status": "IN_PROCESS", "started_at": (received + timedelta(minutes=1)).isoformat()}
        found.append(reading)
    return found
