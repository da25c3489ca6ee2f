"""The app, or the database, is killed with signal 9 in the middle of an import: every row is taken and counted once."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from application.labops.imports.csv_rows import CsvRows
from application.labops.imports.specimen_rows import SpecimenRows
from domain.labops.errors import ContradictoryReadingError
from domain.labops.specimen import Specimen
from integration.mongo.driver import MongoDriver, open_driver
from tests.faults.test_app_dies_in_a_refresh import LONG_AGO, AppProcess, app_process
from tests.support.mongo import LocalMongod
from tests.support.tallies import holes, version_faults

HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at"
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def a_file(specimens: int) -> bytes:
    """Return three rows per specimen, in an order that mixes them, some of them bad, contradictory or old news."""
    dice = random.Random(7)
    lines = [HEADER]
    waiting: list[str] = []
    for number in range(specimens):
        known = f"K{number:06d},CBC,M{number % 5},O1"
        waiting += [
            f"{known},RECEIVED,,2026-03-01T08:00:00,",
            f"{known},COMPLETED,,2026-03-01T08:00:00,2026-03-01T09:00:00",
            dice.choice(
                [
                    f"{known},RECEIVED,,2026-03-01T08:00:00,",
                    f"{known},COMPLETED,,2026-03-01T08:00:00,2026-03-01T10:00:00",
                    f"{known},COMPLETED,,2026-03-01T08:00:00,",
                    f"K{number:06d},PCR,M1,O1,RECEIVED,,2026-03-01T08:00:00,",
                    f"{known},LOST,,2026-03-01T08:00:00,",
                ]
            ),
        ]
        dice.shuffle(waiting)
        while len(waiting) > 40:
            lines.append(waiting.pop())
    return "\n".join([*lines, *waiting]).encode()


def expected(content: bytes) -> tuple[Counter[str], dict[str, Specimen]]:
    """Take the rows one after the other, in memory."""
    pieces = iter([content, b""])
    rows = SpecimenRows(CsvRows(lambda: next(pieces, b""), 1 << 30), UTC)
    specimens: dict[str, Specimen] = {}
    tally: Counter[str] = Counter()
    while (batch := rows.take(1000)).rows or batch.rejected:
        tally["rejected"] += len(batch.rejected)
        for _, reading in batch.rows:
            known = specimens.get(reading.specimen_id)
            if known is None:
                specimens[reading.specimen_id] = Specimen.receive(reading, AT)
                tally["applied"] += 1
                continue
            try:
                tally["applied" if known.take(reading, AT) else "unchanged"] += 1
            except ContradictoryReadingError:
                tally["rejected"] += 1
    return tally, specimens


async def upload(app: AppProcess, content: bytes) -> str:
    answer = await app.client.post("/api/v1/specimens/import", files={"file": ("big.csv", content)})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def run_beyond(driver: MongoDriver, rows: int) -> None:
    async with asyncio.timeout(120):
        while True:
            run = await driver.collection("labops_imports").find_one({})
            if run is not None and (run["rows_read"] >= rows or run["state"] == "completed"):
                return
            await asyncio.sleep(0.01)


async def ended(app: AppProcess, path: str) -> dict[str, Any]:
    async with asyncio.timeout(180):
        while True:
            answer = await app.client.get(path)
            run: dict[str, Any] = answer.json() if answer.status_code == 200 else {"state": "not known"}
            if run["state"] not in ("queued", "running", "not known"):
                return run
            await asyncio.sleep(0.1)


async def check(driver: MongoDriver, content: bytes, run: dict[str, Any]) -> None:
    tally, specimens = expected(content)
    commits = await driver.collection("labops_commits").find({}).sort("_id", 1).to_list(None)
    rejected = await driver.collection("labops_import_rejections").find({}).to_list(None)
    events = Counter(event["id"] for commit in commits for event in commit["e"])
    facts = {specimen.state.id: len(specimen.pending_events) for specimen in specimens.values()}
    stored: Counter[str] = Counter()
    for commit in commits:
        if commit["s"].startswith("specimen-"):
            stored[commit["s"].removeprefix("specimen-")] += len(commit["e"])
    assert run["state"] == "completed", run
    assert run["rows_read"] == tally.total() == content.count(b"\n")
    assert {name: run[f"rows_{name}"] for name in ("applied", "unchanged", "rejected")} == dict(tally)
    assert len(rejected) == len({one["line"] for one in rejected}) == tally["rejected"]
    assert not [event for event, times in events.items() if times > 1]
    assert dict(stored) == facts
    assert sum(commit["s"].startswith("import-") for commit in commits) == 1
    assert holes(commits) == version_faults(commits) == 0


async def test_an_import_goes_on_after_kill_nine(
    driver: MongoDriver, mongo_uri: str, database_name: str, tmp_path: Path
) -> None:
    content = a_file(5_000)
    path = ""
    for rows in (2_000, 7_000):
        with app_process(mongo_uri, database_name, tmp_path) as app:
            path = path or await upload(app, content)
            await run_beyond(driver, rows)
            app.kill_nine()
        # The lease of a dead process runs out by itself; that is shown elsewhere.
        await driver.collection("leases").update_many({}, {"$set": {"expires_at": LONG_AGO}})
    with app_process(mongo_uri, database_name, tmp_path) as app:
        run = await ended(app, path)
    await check(driver, content, run)


async def test_an_import_goes_on_after_the_database_died(mongod_process: LocalMongod, tmp_path: Path) -> None:
    content = a_file(1_700)
    driver = open_driver("motor", mongod_process.uri, "labkeeper")
    try:
        with app_process(mongod_process.uri, "labkeeper", tmp_path) as app:
            path = await upload(app, content)
            await run_beyond(driver, 2_000)
            mongod_process.kill_nine()
            mongod_process.start()
            mongod_process.wait_until_primary()
            run = await ended(app, path)
        await check(driver, content, run)
    finally:
        await driver.close_async()
