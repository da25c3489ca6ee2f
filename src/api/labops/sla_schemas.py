"""Bodies and answers of the limits of turn-around."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.kernel.strict_body import StrictBody
from domain.labops.sla_limits import LONGEST_HOURS, MOST_ASSAYS
from domain.labops.values import LONGEST_ASSAY

_LIMITS: JsonDict = {"default_hours": 4, "by_assay": {"PCR": 6, "CBC": 1.5}}
Hours = Annotated[float, Field(gt=0, le=LONGEST_HOURS, allow_inf_nan=False)]
AssayName = Annotated[str, Field(min_length=1, max_length=LONGEST_ASSAY)]


class SlaLimitsBody(StrictBody):
    """All limits, in hours; they take the place of those before. An assay that is not named has the default."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIMITS]})

    default_hours: Hours
    by_assay: dict[AssayName, Hours] = Field(default_factory=dict, max_length=MOST_ASSAYS)


class SlaLimitsAnswer(BaseModel):
    """The limits that hold, in hours."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_LIMITS]})

    default_hours: float
    by_assay: dict[str, float]
