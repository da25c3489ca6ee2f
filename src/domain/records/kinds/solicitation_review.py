"""Reviews of answers to solicitations."""

from domain.records.kinds.fields import mapping, number, optional_text, reference, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.solicitation import SHARED_EXPERIMENT
from domain.records.kinds.typed_record import TypedRecord


class SolicitationReview(TypedRecord):
    """One review, public. Its parent is the response."""

    response_id = reference(required=True)
    score = number()
    recommendation = text(most=255)
    notes = text()
    reviewer_username = text(most=255)
    criteria_scores = mapping()
    reward_budget = number()
    review_date = optional_text(most=64)

    @property
    def tags(self) -> list[str]:
        """Tags: written as a list, or as one text with commas between."""
        found = self.data.get("tags")
        if isinstance(found, str):
            return [tag.strip() for tag in found.split(",") if tag.strip()]
        return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


SOLICITATION_REVIEW = Kind(
    name="solicitation-review",
    type="solicitation_review",
    view=SolicitationReview,
    owner=lambda _fields, data: data.get("llo_entity_id"),
    shared_experiment=SHARED_EXPERIMENT,
    is_public=lambda _data: True,
)
