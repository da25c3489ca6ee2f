"""What stands in the query strings of metrics and exports."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated

from fastapi import Depends, Query

from api.kernel.problems import PLUS_IN_ADDRESSES, RefusedError
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
        from_, to = asked_moment("from", self.from_, zone), asked_moment("to", self.to, zone)
        if from_ is not None and to is not None and to < from_:
            raise RefusedError(invalid("to", "must not be before from"))
        return MetricFilter(from_, to, self.assay, self.machine_id)


def asked_moment(parameter: str, text: str | None, zone: tzinfo) -> datetime | None:
    """Return a time of a query string; None when it was not given.

    Args:
        zone: of times without an offset.

    Raises:
        RefusedError: 422, naming the parameter.
    """
    if text is None:
        return None
    try:
        return moment_of(parameter, text, zone)
    except InvalidSpecimenError as error:
        # A + that was sent as it is has arrived as a blank.
        rule = f"{error.rule} ({PLUS_IN_ADDRESSES})" if " " in text.strip() else error.rule
        raise RefusedError(invalid(error.field, rule)) from error


def _asked_filter(
    from_: _From = None, to: _To = None, assay: _Assay = None, machine_id: _Machine = None
) -> AskedFilter:
    return AskedFilter(from_, to, assay, machine_id)


FilterParameters = Annotated[AskedFilter, Depends(_asked_filter)]
