"""Runs of simulations in MongoDB: one document each, with the laboratory that it simulates."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from application.labops.whatif.runs import SimulationRun, SimulationRuns, SimulationState
from domain.kernel.clock import Clock
from domain.labops.whatif.laboratory import Laboratory
from domain.labops.whatif.observed import Calibration, Observed
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Plan, Simulation, SimulationResult
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages
from integration.mongo.runs.run_documents import milliseconds, shortened
from integration.mongo.runs.time_ordered_ids import TimeOrderedIds

KEPT = timedelta(days=30)
POLL_SECONDS = 0.2
MOST_STARTS = 3
_OPEN = [SimulationState.QUEUED.value, SimulationState.RUNNING.value]
_outages = "the record of simulations"

T = TypeVar("T")


class MongoSimulationRuns(SimulationRuns):
    """Parts that nobody searches are JSON: names of machines and assays may hold what a field's name may not."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._runs = driver.collection("labops_simulations")
        self._clock = clock
        self._ids = TimeOrderedIds(clock)
        self._listeners: list[Callable[[], None]] = []

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        with translating_outages(_outages):
            await self._runs.create_index("state")
            await self._runs.create_index("ended_at", expireAfterSeconds=int(KEPT.total_seconds()))

    def call_when_changed(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever a run was queued or cancelled by this process."""
        self._listeners.append(listener)

    async def queue_async(self, actor: str, calibration: Calibration, scenario: Scenario, plan: Plan) -> SimulationRun:
        run = SimulationRun(
            run_id=self._ids.next(),
            state=SimulationState.QUEUED,
            actor=actor,
            scenario=scenario,
            plan=plan,
            observed=calibration.observed,
            created_at=milliseconds(self._clock.now()),
        )
        document = {
            "_id": run.run_id,
            "state": run.state.value,
            "actor": actor,
            "scenario": msgspec.json.encode(scenario),
            "plan": msgspec.json.encode(plan),
            "observed": msgspec.json.encode(calibration.observed),
            "laboratory": msgspec.json.encode(calibration.laboratory),
            "created_at": run.created_at,
            "started_at": None,
            "replications_done": 0,
            "specimens": 0,
            "error": None,
            "starts": 0,
            "token": 0,
        }
        with translating_outages(_outages):
            await self._runs.insert_one(document)
        self._tell()
        return run

    async def open_count_async(self) -> int:
        with translating_outages(_outages):
            return await self._runs.count_documents({"state": {"$in": _OPEN}})

    async def get_async(self, run_id: str) -> SimulationRun | None:
        with translating_outages(_outages):
            found = await self._runs.find_one({"_id": run_id}, {"laboratory": 0})
        return None if found is None else _run_from(found)

    async def list_async(self, limit: int, before: str | None) -> list[SimulationRun]:
        chosen: MongoDocument = {} if before is None else {"_id": {"$lt": before}}
        with translating_outages(_outages):
            query = self._runs.find(chosen, {"laboratory": 0, "result": 0}).sort("_id", -1).limit(limit)
            return [_run_from(document) for document in await query.to_list(limit)]

    async def cancel_async(self, run_id: str) -> SimulationRun | None:
        end = {"state": SimulationState.CANCELLED.value, "ended_at": self._clock.now()}
        with translating_outages(_outages):
            await self._runs.update_one({"_id": run_id, "state": {"$in": _OPEN}}, {"$set": end})
        self._tell()
        return await self.get_async(run_id)

    async def wait_for_progress_async(self, seen: SimulationRun, timeout_seconds: float) -> SimulationRun | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_seconds
        while True:
            run = await self.get_async(seen.run_id)
            if run is None or run.state.ended or run != seen or loop.time() >= until:
                return run
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, until - loop.time())))

    async def open_ids_async(self) -> list[str]:
        """Return the ids of all that have not ended, oldest first."""
        with translating_outages(_outages):
            found = await self._runs.find({"state": {"$in": _OPEN}}, {"_id": 1}).sort("_id", 1).to_list(None)
        return [document["_id"] for document in found]

    async def begin_async(self, run_id: str, token: int) -> Simulation | None:
        """Begin a run, again if its process died; None when it has ended, or somebody with a newer lease has begun.

        A run that has been begun too often ends as failed: it may be what its processes died of.
        """
        begun = {
            "state": SimulationState.RUNNING.value,
            "started_at": self._clock.now(),
            "token": token,
            "replications_done": 0,
            "specimens": 0,
        }
        mine = {"_id": run_id, "state": {"$in": _OPEN}, "token": {"$lt": token}}
        with translating_outages(_outages):
            found = await self._runs.find_one_and_update(mine, {"$set": begun, "$inc": {"starts": 1}})
        if found is None:
            return None
        if found["starts"] >= MOST_STARTS:
            error = f"its process ended {MOST_STARTS} times in the middle of it"
            await self.end_async(run_id, token, SimulationState.FAILED, error=error)
            return None
        return Simulation(
            _decoded(found["laboratory"], Laboratory),
            _decoded(found["scenario"], Scenario),
            _decoded(found["plan"], Plan),
        )

    async def still_runs_async(self, run_id: str, token: int) -> bool:
        """Tell whether a run was neither cancelled nor taken over."""
        with translating_outages(_outages):
            return await self._runs.count_documents(_running(run_id, token), limit=1) == 1

    async def progress_async(self, run_id: str, token: int, replications: int, specimens: int) -> None:
        """Record how far a run is, as long as it is this holder's."""
        done = {"replications_done": replications, "specimens": specimens}
        with translating_outages(_outages):
            await self._runs.update_one(_running(run_id, token), {"$set": done})

    async def end_async(
        self,
        run_id: str,
        token: int,
        state: SimulationState,
        *,
        result: SimulationResult | None = None,
        error: str | None = None,
    ) -> None:
        """Record how a run ended, as long as it is this holder's."""
        end: dict[str, Any] = {"state": state.value, "ended_at": self._clock.now(), "error": shortened(error)}
        if result is not None:
            end["result"] = msgspec.json.encode(result)
        with translating_outages(_outages):
            await self._runs.update_one(_running(run_id, token), {"$set": end})

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _running(run_id: str, token: int) -> MongoDocument:
    return {"_id": run_id, "state": SimulationState.RUNNING.value, "token": token}


def _run_from(document: MongoDocument) -> SimulationRun:
    result = document.get("result")
    return SimulationRun(
        run_id=document["_id"],
        state=SimulationState(document["state"]),
        actor=document["actor"],
        scenario=_decoded(document["scenario"], Scenario),
        plan=_decoded(document["plan"], Plan),
        observed=_decoded(document["observed"], Observed),
        created_at=document["created_at"],
        started_at=document["started_at"],
        ended_at=document.get("ended_at"),
        replications_done=document["replications_done"],
        specimens=document["specimens"],
        error=document["error"],
        result=None if result is None else _decoded(result, SimulationResult),
    )


def _decoded(content: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(content, type=kind)
