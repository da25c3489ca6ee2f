"""Answers to solicitations."""

from domain.records.kinds.fields import choice, identity, mapping, number, optional_text, reference, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.solicitation import SHARED_EXPERIMENT
from domain.records.kinds.typed_record import TypedRecord


class SolicitationResponse(TypedRecord):
    """One answer, public. Its parent is the solicitation; ``responses`` holds an answer per question."""

    solicitation_id = reference(required=True)
    llo_entity_id = identity()
    llo_entity_name = text(most=1_000)
    responses = mapping()
    status = choice("draft", "submitted", "awarded", default="draft")
    submitted_by_name = text(most=255)
    submitted_by_email = text(most=255)
    org_id = identity()
    org_name = text(most=1_000)
    submission_date = optional_text(most=64)
    reward_budget = number()


SOLICITATION_RESPONSE = Kind(
    name="solicitation-response",
    type="solicitation_response",
    view=SolicitationResponse,
    owner=lambda _fields, data: data.get("llo_entity_id"),
    shared_experiment=SHARED_EXPERIMENT,
    is_public=lambda _data: True,
)
