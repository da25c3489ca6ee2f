"""Bodies and answers of what-if."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody

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
