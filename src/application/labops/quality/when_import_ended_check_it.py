"""Every import's file is held against the rules, whatever became of its rows."""

from uuid import NAMESPACE_URL, uuid5

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import AfterParking, Subscriber
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRuns, QualityRunState
from domain.labops.import_events import ImportEndedDomainEvent


class WhenImportEndedCheckIt(Subscriber):
    """Subscription ``quality-of-imports``. The run's id comes from the event, so a repeated one finds its run."""

    name = "quality-of-imports"
    log = "labops"
    event_types = frozenset({ImportEndedDomainEvent.event_type})
    after_parking = AfterParking.PARK
    start_at_head = True

    def __init__(self, runner: QualityRunner, runs: QualityRuns) -> None:
        self._runner = runner
        self._runs = runs

    async def handle_async(self, fact: RecordedFact) -> None:
        event = fact.event
        if not isinstance(event, ImportEndedDomainEvent) or event.outcome == "cancelled":
            return
        run_id = self._runs.id_at(fact.stored_at, uuid5(NAMESPACE_URL, f"labkeeper:quality:{event.event_id}").hex)
        known = await self._runs.get_async(run_id)
        if known is not None and known.state is QualityRunState.COMPLETED:
            return
        if known is None or known.state is QualityRunState.FAILED:
            known = await self._runner.begin_async("import", import_id=event.aggregate_id, run_id=run_id)
        await self._runner.carry_out_async(known)
