"""How long a result may take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.kernel.errors import InvalidFieldError
from domain.labops.errors import InvalidSpecimenError
from domain.labops.values import LONGEST_ASSAY, checked_text

DEFAULT_HOURS = 4.0
LONGEST_HOURS = 10_000.0
MOST_ASSAYS = 1_000


class InvalidSlaLimitError(InvalidFieldError):
    """A limit, or the assay that it is for, breaks a rule."""


@dataclass(frozen=True, slots=True)
class SlaLimits:
    """How long a result may take, in hours; an assay without a limit of its own has the default.

    Attributes:
        default_hours: greater than zero.
        by_assay: hours by the assay's name; also of assays that nothing has been received of.
    """

    default_hours: float = DEFAULT_HOURS
    by_assay: Mapping[str, float] = field(default_factory=dict)


def checked_limits(default_hours: float, by_assay: Mapping[str, float]) -> SlaLimits:
    """Return limits, with names trimmed and in order.

    Raises:
        InvalidSlaLimitError: a limit or a name breaks a rule; the message names it.
    """
    if len(by_assay) > MOST_ASSAYS:
        raise InvalidSlaLimitError("by_assay", f"must have at most {MOST_ASSAYS} assays")
    limits: dict[str, float] = {}
    for given in sorted(by_assay):
        try:
            assay = checked_text("by_assay", given, LONGEST_ASSAY)
        except InvalidSpecimenError as error:
            raise InvalidSlaLimitError("by_assay", error.rule) from error
        if assay in limits:
            raise InvalidSlaLimitError("by_assay", f"must name each assay once, and {assay} is there twice")
        limits[assay] = _checked_hours(f"by_assay.{assay}", by_assay[given])
    return SlaLimits(_checked_hours("default_hours", default_hours), limits)


def _checked_hours(field_name: str, hours: float) -> float:
    if not (math.isfinite(hours) and 0 < hours <= LONGEST_HOURS):
        raise InvalidSlaLimitError(field_name, f"must be more than 0 and at most {LONGEST_HOURS:.0f}")
    return float(hours)
