"""What stands in the query strings of metrics and exports."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated

from fastapi import Depends, Query

from api.kernel.problems import RefusedError
from application.kernel.refusals import invalid
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.views import Grain
from domain.labops.errors import InvalidSpecimenError
from domain.labops.moments import moment_of

_From = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=64,
        description="First moment, inclusive: ISO 8601; without an offset on the lab's clock.",
        examples=["2026-02-03T00:00:00Z"],
    ),
]
_To = Annotated[
    str | None,
    Query(max_length=64, description="End, exclusive; as `from`.", examples=["2026-02-04T00:00:00Z"]),
]
_Assay = Annotated[
    str | None,
    Query(min_length=1, max_length=100, description="Only this assay, exactly as stored.", examples=["PCR"]),
]
_Machine = Annotated[
    str | None,
    Query(min_length=1, max_length=100, description="Only this machine, exactly as stored.", examples=["M1"]),
]
GrainParameter = Annotated[Grain, Query(description="Length of the buckets, on the lab's clock.")]
EmptyParameter = Annotated[
    bool,
    Query(description="Also buckets without a result: between `from` and `to`, or first and last where not given."),
]


@dataclass(frozen=True, slots=True)
class AskedFilter:
    """The filter as it stands in a URL."""

    from_: str | None
    to: str | None
    assay: str | None
    machine_id: str | None

    def read(self, zone: tzinfo) -> MetricFilter:
        """Return the filter.

        Args:
            zone: of times without an offset.

        Raises:
            RefusedError: 422, naming the parameter.
        """
        try:
            from_ = None if self.from_ is None else moment_of("from", self.from_, zone)
            to = None if self.to is None else moment_of("to", self.to, zone)
        except InvalidSpecimenError as error:
            raise RefusedError(invalid(error.field, error.rule)) from error
        if from_ is not None and to is not None and to < from_:
            raise RefusedError(invalid("to", "must not be before from"))
        return MetricFilter(from_, to, self.assay, self.machine_id)


def _asked_filter(
    from_: _From = None, to: _To = None, assay: _Assay = None, machine_id: _Machine = None
) -> AskedFilter:
    return AskedFilter(from_, to, assay, machine_id)


FilterParameters = Annotated[AskedFilter, Depends(_asked_filter)]
