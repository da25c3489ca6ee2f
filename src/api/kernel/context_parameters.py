"""The parameters by which a URL names a labs context; it beats the one that a session holds."""

from typing import Annotated

from fastapi import Query

OpportunityParameter = Annotated[int | None, Query(ge=1, lt=1 << 63, description="Id of an opportunity.")]
"""Use as ``opportunity_id: OpportunityParameter = None``."""

ProgramParameter = Annotated[int | None, Query(ge=1, lt=1 << 63, description="Id of a program.")]
"""Use as ``program_id: ProgramParameter = None``."""

OrganizationParameter = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Id or slug of an organisation.")
]
"""Use as ``organization_id: OrganizationParameter = None``."""
