"""Reviews of answers to solicitations."""

from domain.records.kinds.fields import LONGEST_TEXT, Field, mapping, number, optional_text, reference, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.solicitation import SHARED_EXPERIMENT
from domain.records.kinds.typed_record import TypedRecord
from domain.records.values import JsonValue


def _tags(value: JsonValue) -> list[str] | None:
    if isinstance(value, str):
        return [tag.strip() for tag in value.split(",") if tag.strip()]
    return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else None


def _are_tags(value: JsonValue) -> bool:
    if isinstance(value, list):
        return all(isinstance(tag, str) for tag in value)
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


class SolicitationReview(TypedRecord):
    """One review, public. Its parent is the response."""

    response_id = reference(required=True)
    score = number()
    recommendation = text(most=255)
    notes = text()
    tags: Field[list[str]] = Field(_tags, list, "a list of texts, or one text with commas between", fits=_are_tags)
    reviewer_username = text(most=255)
    criteria_scores = mapping()
    reward_budget = number()
    review_date = optional_text(most=64)


SOLICITATION_REVIEW = Kind(
    name="solicitation-review",
    type="solicitation_review",
    view=SolicitationReview,
    owner=lambda _fields, data: data.get("llo_entity_id"),
    shared_experiment=SHARED_EXPERIMENT,
    is_public=lambda _data: True,
)
