"""``lab_records`` is rebuilt while it serves and while labs go on changing: every document is as before."""

import asyncio
import random
from typing import Any

from domain.labs.cml_worker import CmlWorker
from domain.labs.worker_details import WorkerDetails
from integration.labs.lab_records_projector import LabRecordsProjector
from integration.mongo.driver import MongoDriver
from tests.support.cml import CmlSimulator, a_lab
from tests.support.hosts import Hosted, hosted
from tests.support.refreshing import Refreshing, refreshing


async def change_labs(process: Refreshing, cml: CmlSimulator, rounds: int) -> None:
    dice = random.Random(rounds)
    for number in range(rounds):
        labs = [
            a_lab(lab, lab_title=f"t{dice.randrange(3)}", state=dice.choice(["STARTED", "STOPPED"]))
            for lab in range(1, 41)
            if dice.random() > 0.1
        ]
        cml.set_labs(labs)
        await process.run()
        if number % 3 == 2:
            worker: CmlWorker = await process.worker()
            now: WorkerDetails = worker.state.details()
            changed = {**vars(now), "max_history_size": 3 + number}
            worker.change_details(WorkerDetails(**changed), process.clock.now())
            await process.workers.update_async(worker)


async def documents(running: Hosted) -> dict[str, Any]:
    await running.caught_up_async("lab_records")
    return await running.documents_async("lab_records")


async def test_a_rebuild_gives_the_same_documents(driver: MongoDriver, cml: CmlSimulator) -> None:
    async with (
        refreshing(driver, cml.url) as process,
        hosted(driver, projectors=[LabRecordsProjector()], store=process.store) as running,
    ):
        await change_labs(process, cml, 8)
        before = await documents(running)
        await running.host.rebuild_async("lab_records")
        after = await documents(running)
        assert before == after
        assert len(before) == 40
        changing = asyncio.create_task(change_labs(process, cml, 5))
        for _ in range(3):
            await running.host.rebuild_async("lab_records")
        await changing
        served = await documents(running)
        await running.host.rebuild_async("lab_records")
        rebuilt = await documents(running)
        print(f"documents={len(rebuilt)} events={sum(one['version'] for one in rebuilt.values())} rebuilds=5")
        assert served == rebuilt
