"""What stands in paths and query strings of the records context."""

from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from application.contracts.labs_context import AskedContext
from application.kernel.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from domain.records.values import MAX_ID


def _digits(value: object) -> object:
    """Let nothing but digits be a number: ``1.0``, ``+1`` and ``1_0`` would be read as well."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise PydanticCustomError("whole_number", "must be a whole number, in digits alone")
    return value


Digits = BeforeValidator(_digits)
RecordId = Annotated[int, Digits, Path(ge=1, le=MAX_ID, description="Id of the record.", examples=[4501])]
TaskId = Annotated[int, Digits, Path(ge=1, le=MAX_ID, description="Id of the task.", examples=[4501])]
KindName = Annotated[
    str, Path(max_length=64, description="Name of a kind, as `/records/kinds` lists them.", examples=["workflow-run"])
]
FromVersion = Annotated[
    int, Digits, Query(alias="from", ge=1, le=2**31 - 1, description="The earlier version, as the history lists it.")
]
ToVersion = Annotated[
    int | None,
    Digits,
    Query(alias="to", ge=1, le=2**31 - 1, description="The later version; the present one when left out."),
]
Number = Annotated[str, Field(pattern="^[0-9]{1,19}$")]


class ScopeParameters(BaseModel):
    """Which scope, and which page of it. Other parameters are filters, read and refused by the use case's language."""

    model_config = ConfigDict(populate_by_name=True)

    opportunity_id: Annotated[
        int | None, Digits, Field(ge=1, le=MAX_ID, description="Only records of this opportunity, which must be yours.")
    ] = None
    program_id: Annotated[int | None, Digits, Field(ge=1, le=MAX_ID, description="Only records of this program.")] = (
        None
    )
    organization_id: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="Only records of this organisation: its number or its slug."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="How many items a page has at most.")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None, Field(max_length=2000, description="Where to go on: `next_cursor` of the page before.")
    ] = None

    @property
    def asked(self) -> AskedContext:
        """The scope as it is asked for."""
        return AskedContext.of(self.opportunity_id, self.program_id, self.organization_id)


class KindFilters(ScopeParameters):
    """Filters that go with every kind."""

    username: Annotated[str | None, Field(max_length=255, description="Only records of this person.")] = None
    id: Annotated[Number | None, Field(description="Only the record with this id.")] = None
    labs_record_id: Annotated[Number | None, Field(description="Only children of this record.")] = None
    public: Annotated[
        str | None, Field(pattern="^(true|false)$", description="Only public records, or only those that are not.")
    ] = None


class RecordFilters(KindFilters):
    """Filters of records of any kind."""

    kind: Annotated[str | None, Field(max_length=64, description="Only records of this kind.")] = None
    experiment: Annotated[str | None, Field(max_length=1024, description="Only records of this experiment.")] = None
    type: Annotated[str | None, Field(max_length=255, description="Only records of this type.")] = None


_NO_FILTERS = frozenset(ScopeParameters.model_fields)


def filters_of(request: Request) -> dict[str, str]:
    """Return what the query string says about records: all but scope and page."""
    return {name: value for name, value in request.query_params.items() if name not in _NO_FILTERS}
