"""``/health`` and ``/metrics``, for whoever runs the installation."""

from classy_fastapi import get
from fastapi import Response
from neuroglia.mediation import Mediator
from pydantic import BaseModel

from api.kernel.authorization import public
from api.kernel.controller import LabkeeperController
from application.kernel.probes import HealthProbe, MetricsPage


class CheckAnswer(BaseModel):
    """One check: healthy, degraded or unhealthy, and why."""

    name: str
    status: str
    reason: str | None = None


class HealthAnswer(BaseModel):
    """The whole installation."""

    status: str
    checks: list[CheckAnswer]


class HealthController(LabkeeperController):
    """Answers probes; 503 when not well, and says why."""

    versioned = False

    def __init__(self, mediator: Mediator, probe: HealthProbe, metrics: MetricsPage) -> None:
        super().__init__(mediator)
        self._probe = probe
        self._metrics = metrics

    @public
    @get("/health/live", response_model=HealthAnswer)
    async def live(self) -> Response:
        """Tell whether the process answers at all."""
        return self.answer(200, HealthAnswer(status="healthy", checks=[]))

    @public
    @get("/health/ready", response_model=HealthAnswer, responses={503: {"model": HealthAnswer}})
    async def ready(self) -> Response:
        """Tell whether requests can be served."""
        status, checks = await self._probe.check_async()
        answer = HealthAnswer(status=status, checks=[CheckAnswer(name=n, status=s, reason=r) for n, s, r in checks])
        code = 503 if status == "unhealthy" else 200
        return Response(answer.model_dump_json(), code, {"Cache-Control": "no-store"}, "application/json")

    @public
    @get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics(self) -> Response:
        """Metrics in the text format of Prometheus."""
        return Response(self._metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
