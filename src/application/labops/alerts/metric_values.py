"""What alert rules watch, taken from the metrics that everybody sees."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from application.kernel.event_feed import EventFeed
from application.labops.alerts.ports import DayInFigures, MeasuredValues
from application.labops.metric_filter import CLOCKS_APART, MetricFilter
from application.labops.metrics.service import Metrics
from application.labops.metrics.views import ErrorsView, ReceptionView, SlaView, ThroughputView, TurnAroundView
from application.labops.specimen_table import SpecimenTable
from domain.kernel.errors import UnavailableError
from domain.labops.alert_values import AlertMetric, AlertRuleDetails, Measurement

MOST_ASSAYS = 5
CATCH_UP_SECONDS = 5.0


class MetricValues(MeasuredValues):
    """Asks the metrics, over the window of the rule.

    A window ends a little after now: what a clock that runs ahead has stamped belongs to it, a slip of the pen not.

    Args:
        log: what the table follows; a table that is behind is waited for, for a moment. What is measured in half of the
            specimens would raise alerts of its own, so one that stays behind (at a start, say) measures nothing.
    """

    def __init__(self, metrics: Metrics, table: SpecimenTable, log: EventFeed) -> None:
        self._metrics = metrics
        self._table = table
        self._log = log

    async def measure_async(self, rule: AlertRuleDetails, now: datetime, since: datetime) -> Measurement:
        await self._catch_up_async()
        until = now + CLOCKS_APART
        within = MetricFilter(from_=now - rule.window, to=until, assay=rule.assay, machine_id=rule.machine_id)
        always = MetricFilter(assay=rule.assay, machine_id=rule.machine_id)
        match rule.metric:
            case AlertMetric.SLA_BREACH_RATE:
                return await self._breaches_async(within)
            case AlertMetric.OPEN_BREACHES:
                return await self._open_breaches_async(always)
            case AlertMetric.ERROR_RATE:
                return await self._errors_async(within)
            case AlertMetric.TAT_P90:
                times: TurnAroundView = (await self._metrics.answer_async("tat", within)).view
                return Measurement(times.p90 if times.total_specimens else None, times.total_specimens)
            case AlertMetric.THROUGHPUT:
                return await self._throughput_async(within, always)
            case AlertMetric.SILENCE:
                received = await self._reception_async(replace(always, to=until))
                last = received.last_received_at or since
                return Measurement(max(0.0, (now - last).total_seconds() / 60), received.count)

    async def day_async(self, begins: datetime, ends: datetime) -> DayInFigures:
        await self._catch_up_async()
        day = MetricFilter(from_=begins, to=ends)
        times: TurnAroundView = (await self._metrics.answer_async("tat", day)).view
        errors: ErrorsView = (await self._metrics.answer_async("errors", day)).view
        promises: SlaView = (await self._metrics.answer_async("sla", day)).view
        return DayInFigures(errors.total_specimens, times.p90, errors.overall_error_rate, promises.breach_count)

    async def _catch_up_async(self) -> None:
        if not await self._table.wait_for_async(await self._log.head_async(), CATCH_UP_SECONDS):
            raise UnavailableError(
                "the table of specimens is behind the log: nothing is measured until it has caught up"
            )

    async def _breaches_async(self, within: MetricFilter) -> Measurement:
        view: SlaView = (await self._metrics.answer_async("sla", within)).view
        rate = view.breach_rate if view.total_completed else None
        top = _top((group.value, group.breach_count) for group in view.by_assay)
        return Measurement(rate, view.total_completed, view.breach_count, top)

    async def _open_breaches_async(self, always: MetricFilter) -> Measurement:
        view: SlaView = (await self._metrics.answer_async("sla", always)).view
        all_are_shown = len(view.open_breaches) == view.open_breach_count
        top = _top(Counter(one.assay for one in view.open_breaches).items()) if all_are_shown else ()
        return Measurement(float(view.open_breach_count), view.open_breach_count, view.open_breach_count, top)

    async def _errors_async(self, within: MetricFilter) -> Measurement:
        view: ErrorsView = (await self._metrics.answer_async("errors", within)).view
        rate = view.overall_error_rate if view.total_specimens else None
        top = _top((group.value, group.count) for group in view.by_assay)
        return Measurement(rate, view.total_specimens, view.total_errors, top)

    async def _throughput_async(self, within: MetricFilter, always: MetricFilter) -> Measurement:
        view: ThroughputView = (await self._metrics.answer_async("throughput", within)).view
        if view.total == 0 and (await self._reception_async(always)).count == 0:
            # Where nothing was ever received nothing can be missing.
            return Measurement(None)
        return Measurement(float(view.total), view.total)

    async def _reception_async(self, wanted: MetricFilter) -> ReceptionView:
        view: ReceptionView = (await self._metrics.answer_async("reception", wanted)).view
        return view


def _top(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    some = [(assay, count) for assay, count in counts if count]
    return tuple(sorted(some, key=lambda one: (-one[1], one[0]))[:MOST_ASSAYS])
