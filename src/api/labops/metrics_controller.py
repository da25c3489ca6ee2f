"""``/metrics``: what is measured, over the specimens as they are now."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from classy_fastapi import get
from fastapi import Path, Request, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import body_tag, not_modified
from api.kernel.controller import LabkeeperController, data_of, to_json_bytes
from api.kernel.described_headers import sends, understands
from api.kernel.read_your_writes import ReadYourWrites
from api.kernel.remembered_answers import RememberedAnswer
from api.labops.metrics_examples import EXAMPLES
from api.labops.metrics_parameters import AskedFilter, EmptyParameter, FilterParameters, GrainParameter
from application.labops.metrics.get_metric import GetMetricQuery
from application.labops.metrics.list_metrics import ListMetricsQuery, MetricDescription
from application.labops.metrics.service import Metrics
from application.labops.metrics.views import (
    ErrorsSeries,
    ErrorsView,
    Grain,
    MetricTable,
    ReceptionView,
    SlaSeries,
    SlaView,
    ThroughputSeries,
    ThroughputView,
    TurnAroundSeries,
    TurnAroundView,
    WipSeries,
    WipView,
)
from application.labops.specimen_table import SpecimenTable
from settings import LabopsSettings

LOG = "labops"
MODEL = "specimen_table"
LAG = "Labkeeper-Lag"
MetricName = Annotated[str, Path(max_length=64, description="Name of a metric, as the list of metrics says it.")]


def _example(name: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": EXAMPLES[name]}}}}


class MetricsController(LabkeeperController):
    """Measures turn-around, throughput, errors, promises and work in progress.

    An answer is computed when the specimens have changed, and given again until they change once more.
    """

    route_prefix = "/metrics"

    def __init__(
        self,
        mediator: Mediator,
        metrics: Metrics,
        table: SpecimenTable,
        reading: ReadYourWrites,
        settings: LabopsSettings,
    ) -> None:
        super().__init__(mediator)
        self._metrics = metrics
        self._table = table
        self._reading = reading
        self._zone = ZoneInfo(settings.timezone)

    @requires(Role.USER)
    @get("", response_model=list[MetricDescription])
    async def list_metrics(self) -> Response:
        """List all metrics: our own, and those of installed packages with what is wrong with them."""
        return self.process(await self.mediator.execute_async(ListMetricsQuery()))

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/tat", response_model=TurnAroundView, responses=_example("tat"))
    async def get_turn_around(self, request: Request, wanted: FilterParameters) -> Response:
        """Turn-around in minutes of completed specimens, by processed time. Negative ones are dropped and counted."""
        return await self._metric_async(request, "tat", wanted)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/tat/series", response_model=TurnAroundSeries, responses=_example("tat_series"))
    async def get_turn_around_series(
        self, request: Request, wanted: FilterParameters, grain: GrainParameter = Grain.HOUR
    ) -> Response:
        """Turn-around by hour or day of the processed time; buckets without a result are left out."""
        return await self._metric_async(request, "tat_series", wanted, grain)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/throughput", response_model=ThroughputView, responses=_example("throughput"))
    async def get_throughput(
        self,
        request: Request,
        wanted: FilterParameters,
        grain: GrainParameter = Grain.HOUR,
        include_empty: EmptyParameter = False,
    ) -> Response:
        """Completed specimens by hour or day of the processed time. `today` is the lab's day that is now."""
        return await self._metric_async(request, "throughput", wanted, grain, include_empty)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/throughput/series", response_model=ThroughputSeries, responses=_example("throughput_series"))
    async def get_throughput_series(
        self,
        request: Request,
        wanted: FilterParameters,
        grain: GrainParameter = Grain.HOUR,
        include_empty: EmptyParameter = False,
    ) -> Response:
        """Completed specimens by hour or day of the processed time."""
        return await self._metric_async(request, "throughput_series", wanted, grain, include_empty)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/errors", response_model=ErrorsView, responses=_example("errors"))
    async def get_errors(self, request: Request, wanted: FilterParameters) -> Response:
        """Failed specimens by machine, code and assay, by received time.

        `rate` is the share of all specimens, `rate_within` that of `specimens`: those of the same machine or assay; of
        an error code, all failed ones.
        """
        return await self._metric_async(request, "errors", wanted)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/errors/series", response_model=ErrorsSeries, responses=_example("errors_series"))
    async def get_errors_series(
        self, request: Request, wanted: FilterParameters, grain: GrainParameter = Grain.HOUR
    ) -> Response:
        """Failed specimens by hour or day of the received time; buckets without a specimen are left out."""
        return await self._metric_async(request, "errors_series", wanted, grain)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/sla", response_model=SlaView, responses=_example("sla"))
    async def get_sla(self, request: Request, wanted: FilterParameters) -> Response:
        """Completed specimens that took strictly longer than their assay's limit, by processed time.

        `open_breaches` are those that have no result yet and are past their limit now, whatever `from` and `to` say.
        """
        return await self._metric_async(request, "sla", wanted)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/sla/series", response_model=SlaSeries, responses=_example("sla_series"))
    async def get_sla_series(
        self, request: Request, wanted: FilterParameters, grain: GrainParameter = Grain.HOUR
    ) -> Response:
        """Breaches by hour or day of the processed time; buckets without a result are left out."""
        return await self._metric_async(request, "sla_series", wanted, grain)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/wip", response_model=WipView, responses=_example("wip"))
    async def get_work_in_progress(self, request: Request, wanted: FilterParameters) -> Response:
        """Specimens without a result by status, assay, machine and age, by received time."""
        return await self._metric_async(request, "wip", wanted)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/wip/series", response_model=WipSeries, responses=_example("wip_series"))
    async def get_work_in_progress_series(
        self, request: Request, wanted: FilterParameters, grain: GrainParameter = Grain.HOUR
    ) -> Response:
        """Specimens received and in process at the end of each hour or day, up to the one that is now.

        `from` and `to` choose the hours or days; what was received before counts while it is open. Of a failed or
        completed specimen without a usable processed time nobody knows when it was open: `dropped` counts those.
        """
        return await self._metric_async(request, "wip_series", wanted, grain)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/reception", response_model=ReceptionView, responses=_example("reception"))
    async def get_reception(self, request: Request, wanted: FilterParameters) -> Response:
        """How many specimens came in, and when the last one did."""
        return await self._metric_async(request, "reception", wanted)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/custom/{metric_name}", response_model=MetricTable)
    async def get_custom_metric(self, request: Request, metric_name: MetricName, wanted: FilterParameters) -> Response:
        """Answer a metric of an installed package, as a table. 502 when its code fails."""
        return await self._metric_async(request, metric_name, wanted)

    async def _metric_async(
        self,
        request: Request,
        name: str,
        asked: AskedFilter,
        grain: Grain = Grain.HOUR,
        include_empty: bool = False,
    ) -> Response:
        await self._reading.before_reading_async(request, LOG, MODEL)
        wanted = asked.read(self._zone)
        query = GetMetricQuery(name=name, wanted=wanted, grain=grain, include_empty=include_empty)
        result = await self.mediator.execute_async(query)
        if result.status != 200:
            return self.process(result)
        view = data_of(result).view
        body = to_json_bytes(view)
        tag = body_tag(body)

        def headers() -> dict[str, str]:
            return {"ETag": tag, LAG: str(self._table.status().lag)}

        async def renewed() -> dict[str, str] | None:
            current = self._metrics.is_current(view, name, wanted, grain=grain, include_empty=include_empty)
            return headers() if current else None

        return not_modified(request, tag, headers()) or RememberedAnswer(body, headers(), renewed)
