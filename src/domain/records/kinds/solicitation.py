"""Solicitations: what a program looks for."""

from domain.records.kinds.fields import choice, flag, identity, items, optional_text, reference, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord

SHARED_EXPERIMENT = "solicitations"
"""The other spelling of the experiments of solicitations, responses and reviews."""


class Solicitation(TypedRecord):
    """A call for expressions of interest (eoi) or proposals (rfp). Dates are ISO 8601 texts."""

    title = text(most=1_000, required=True)
    description = text()
    scope_of_work = text()
    solicitation_type = choice("eoi", "rfp", default="eoi")
    status = choice("draft", "active", "closed", default="draft")
    is_public = flag()
    questions = items()
    evaluation_criteria = items()
    application_deadline = optional_text(most=64)
    expected_start_date = optional_text(most=64)
    expected_end_date = optional_text(most=64)
    estimated_scale = text()
    contact_email = text(most=255)
    created_by = identity()
    program_name = text(most=1_000)
    fund_id = reference()


SOLICITATION = Kind(
    name="solicitation",
    type="solicitation",
    view=Solicitation,
    owner=lambda fields, _data: fields.get("program_id") or fields.get("organization_id"),
    shared_experiment=SHARED_EXPERIMENT,
    is_public=lambda data: data.get("is_public") is True,
)
