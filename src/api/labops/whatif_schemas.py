"""Bodies and answers of what-if."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from api.kernel.strict_body import StrictBody
from application.labops.whatif.runs import SimulationState
from domain.labops.alert_durations import parse_duration
from domain.labops.values import LONGEST_ASSAY
from domain.labops.whatif.observed import ServiceTimes

_PROJECTION: dict[str, Any] = {
    "extra_machines": 1,
    "reduced_failure_rate": 10,
    "projected_tat_p90": 192.6,
    "projected_throughput": 1320.0,
    "improvement_tat": 10.0,
    "improvement_throughput": 20.0,
    "current_tat_p90": 214.0,
    "current_throughput": 1100,
    "machines": 5,
}

PolicyKind = Literal["fifo", "priority", "batch"]
ExtraMachines = Annotated[int, Field(ge=0, le=100, description="Machines beside those that there are.")]


class LinearBody(StrictBody):
    """What is changed, for the formula of the starter kit."""

    extra_machines: ExtraMachines = 0
    reduced_failure_rate: Annotated[
        float, Field(ge=0, le=100, description="By how many percent fewer specimens fail.")
    ] = 0.0

    model_config = ConfigDict(json_schema_extra={"examples": [{"extra_machines": 1, "reduced_failure_rate": 10}]})


class LinearAnswer(BaseModel):
    """What the formula promises. Turn-around in minutes, throughput in specimens completed a day, gains in percent."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROJECTION]})

    extra_machines: int
    reduced_failure_rate: float
    projected_tat_p90: float
    projected_throughput: float
    improvement_tat: float
    improvement_throughput: float
    current_tat_p90: float
    current_throughput: int
    machines: int


class PolicyBody(StrictBody):
    """Which specimen a free machine takes."""

    kind: PolicyKind
    assays: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_ASSAY)]],
        Field(max_length=50, description="Of `priority`: the preferred one first. Empty: the quickest first."),
    ] = Field(default_factory=list)
    size: Annotated[int, Field(ge=1, le=1000, description="Of `batch`: how many specimens make a full one.")] = 8
    longest_wait_minutes: Annotated[
        float, Field(ge=0, le=10_080, description="Of `batch`: after which one starts that is not full.")
    ] = 60.0

    @model_validator(mode="after")
    def _only_what_belongs_to_the_kind(self) -> "PolicyBody":
        belongs = {"fifo": set(), "priority": {"assays"}, "batch": {"size", "longest_wait_minutes"}}[self.kind]
        foreign = self.model_fields_set - {"kind"} - belongs
        if foreign:
            raise ValueError(f"must not say {', '.join(sorted(foreign))}: that is not of the kind {self.kind}")
        twice = sorted({assay for assay in self.assays if self.assays.count(assay) > 1})
        if twice:
            raise ValueError(f"must name each assay once: {', '.join(twice)} is there twice")
        return self


def _spelled_out(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in get_args(PolicyKind):
        raise ValueError(f"must be one of {', '.join(get_args(PolicyKind))}, or an object that tells its kind")
    return {"kind": value}


PolicyValue = Annotated[
    PolicyBody,
    BeforeValidator(_spelled_out),
    WithJsonSchema(
        {
            "description": "Which specimen a free machine takes; a name alone takes the defaults.",
            "anyOf": [{"type": "string", "enum": ["fifo", "priority", "batch"]}, PolicyBody.model_json_schema()],
        }
    ),
]


def _iso_duration(value: Any) -> Any:
    return parse_duration(value if isinstance(value, str) else "")


def _within_bounds(value: timedelta) -> timedelta:
    if not timedelta(hours=1) <= value <= timedelta(days=366):
        raise ValueError("must be from PT1H to P366D")
    return value


Horizon = Annotated[
    timedelta,
    BeforeValidator(_iso_duration),
    AfterValidator(_within_bounds),
    Field(strict=False),
    WithJsonSchema(
        {
            "type": "string",
            "format": "duration",
            "description": "During which specimens arrive, from PT1H to P366D; the first tenth is not measured.",
        }
    ),
]


class SimulationBody(StrictBody):
    """What is changed, and how much is simulated."""

    extra_machines: ExtraMachines = 0
    failure_rate_factor: Annotated[
        float, Field(ge=0, le=100, description="Every failure probability is multiplied by it.")
    ] = 1.0
    arrival_growth: Annotated[float, Field(ge=-0.99, le=10, description="0.2 means a fifth more specimens.")] = 0.0
    policy: PolicyValue = PolicyBody(kind="fifo")
    replications: Annotated[int, Field(ge=1, le=200, description="One alone has no confidence intervals.")] = 20
    seed: Annotated[
        int | None,
        Field(ge=0, lt=1 << 63, description="The same one gives the same numbers; left out, one is made up and told."),
    ] = None
    horizon: Annotated[
        Horizon | None,
        Field(description="Left out, the longest that may be simulated, at most P7D; the answer says what was taken."),
    ] = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"extra_machines": 1, "arrival_growth": 0.2, "policy": "fifo", "replications": 20, "horizon": "P7D"}
            ]
        }
    )


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EstimateAnswer(_Answer):
    """A mean over the replications and its 95 % confidence interval; null of a single replication.

    The interval keeps to what the figure can be: times, rates and lengths from 0 on, shares from 0 to 1.
    """

    mean: float
    low: float | None
    high: float | None


class OutcomeAnswer(_Answer):
    """What the replications show. Turn-around and waiting in minutes, throughput in results an hour."""

    tat_p50: EstimateAnswer
    tat_p90: EstimateAnswer
    tat_p99: EstimateAnswer
    tat_mean: EstimateAnswer
    wait_mean: EstimateAnswer
    throughput: EstimateAnswer
    queue_length: EstimateAnswer
    utilisation_mean: EstimateAnswer
    error_rate: EstimateAnswer
    utilisation: dict[str, EstimateAnswer]
    specimens: int


class ResultAnswer(_Answer):
    """The laboratory as it is, as it would be, and scenario minus baseline, which is known better than either."""

    baseline: OutcomeAnswer
    scenario: OutcomeAnswer
    difference: dict[str, EstimateAnswer]


class ObservedMachineAnswer(_Answer):
    """What was seen of one machine: `slots` specimens at once, `service_mean` minutes each."""

    machine_id: str
    specimens: int
    slots: int
    failure_probability: float
    service_mean: float
    service_times: ServiceTimes | None


class ObservedAnswer(_Answer):
    """What the simulation learnt from. `tat_*` are as seen: next to the baseline's they show how well it fits.

    `service_times` are `measured` from start to result, `estimated` from the busy periods of the machines, or `mixed`:
    each assay on each machine is measured where at least half of its starts are known.
    """

    since: datetime
    until: datetime
    specimens: int
    arrivals_per_hour: float
    arrivals: Literal["hour_of_week", "hour_of_day", "constant"]
    service_times: ServiceTimes
    measured_share: float
    handling_mean: float
    rerun_probability: float
    tat_p50: float
    tat_p90: float
    tat_p99: float
    machines: list[ObservedMachineAnswer]


class PolicyAnswer(_Answer):
    """Which specimen a free machine takes."""

    kind: Literal["fifo", "priority", "batch"]
    assays: list[str]
    size: int
    longest_wait_minutes: float


class SimulationSummary(BaseModel):
    """A simulation and how far it is. `specimens` were simulated so far, baseline and scenario together."""

    id: str
    state: SimulationState
    actor: str
    extra_machines: int
    failure_rate_factor: float
    arrival_growth: float
    policy: PolicyAnswer
    replications: int
    seed: int
    horizon: timedelta
    begins: Annotated[
        datetime | None,
        Field(
            description="When the simulated time begins: with the first full hour after the last specimen that was "
            "observed. Where arrivals differ by hour of the week or of the day, it decides which of them a short "
            "`horizon` sees. Null in simulations from before this was told, which began on a Monday at 00:00 UTC."
        ),
    ]
    service_times: ServiceTimes
    replications_done: int
    progress: Annotated[float, Field(description="From 0 to 1.")]
    specimens: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None


class SimulationAnswer(SimulationSummary):
    """A simulation, what it learnt from, and what came out once it is completed."""

    observed: ObservedAnswer
    result: ResultAnswer | None


class SimulationsPage(BaseModel):
    """Simulations, newest first."""

    items: list[SimulationSummary]
    next_cursor: str | None
