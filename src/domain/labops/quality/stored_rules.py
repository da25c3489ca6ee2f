"""QualityRules: the rules that stored specimens and imports are held against."""

from datetime import datetime

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.quality_events import QualityRulesChangedDomainEvent, QualityRulesResetDomainEvent

RULES_ID = "rules"


class QualityRulesState(RememberedState):
    """The remembered rules; ``content`` is empty when the bundled ones count again."""

    content: str
    rules_count: int

    @reduces(QualityRulesChangedDomainEvent)
    def _changed(self, event: QualityRulesChangedDomainEvent) -> None:
        self.content = event.content
        self.rules_count = event.rules_count

    @reduces(QualityRulesResetDomainEvent)
    def _reset(self, _: QualityRulesResetDomainEvent) -> None:
        self.content = ""
        self.rules_count = 0


class QualityRules(Aggregate[QualityRulesState]):
    """There is one of them, once somebody has written rules."""

    def change(self, content: str, rules_count: int, at: datetime) -> None:
        """Take other rules, which were read before; record nothing when they are the same."""
        if self.state.state_version and content == self.state.content:
            return
        self.record(
            QualityRulesChangedDomainEvent(
                aggregate_id=RULES_ID, created_at=at, content=content, rules_count=rules_count
            )
        )

    def reset(self, at: datetime) -> None:
        """Let the bundled rules count again; record nothing when they do."""
        if self.state.state_version and self.state.content:
            self.record(QualityRulesResetDomainEvent(aggregate_id=RULES_ID, created_at=at))
