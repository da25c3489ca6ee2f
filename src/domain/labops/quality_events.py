"""The facts about data quality."""

from dataclasses import dataclass

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@dataclass(kw_only=True)
class RuleTally:
    """How many rows broke one rule in one run."""

    rule_name: str
    severity: str
    affected_rows: int


@dataclass(kw_only=True)
class WorsenedRule:
    """A rule that more rows break than before. The shares are of all rows of their runs."""

    rule_name: str
    severity: str
    affected_rows: int
    affected_rows_before: int
    share: float
    share_before: float


@domain_event("labops.quality-rules-changed.v1")
class QualityRulesChangedDomainEvent(RecordedDomainEvent):
    """The rules that stored specimens and imports are held against are these now; ``content`` is their YAML."""

    content: str
    rules_count: int


@domain_event("labops.quality-rules-reset.v1")
class QualityRulesResetDomainEvent(RecordedDomainEvent):
    """The rules that somebody wrote count no more; the bundled ones do again."""


@domain_event("labops.quality-checked.v1")
class QualityCheckedDomainEvent(RecordedDomainEvent):
    """A run ended; ``aggregate_id`` is what was looked at: ``specimens`` or ``imports``.

    Attributes:
        run_id: where its report is.
        rules_stamp: the same for as long as the rules are.
        tallies: one per rule.
    """

    run_id: str
    rules_stamp: str
    rows: int
    tallies: list[RuleTally]


@domain_event("labops.quality-worsened.v1")
class QualityWorsenedDomainEvent(RecordedDomainEvent):
    """More rows break a rule than in the run before under the same rules."""

    run_id: str
    run_id_before: str
    worsened: list[WorsenedRule]


QUALITY_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    QualityRulesChangedDomainEvent,
    QualityRulesResetDomainEvent,
    QualityCheckedDomainEvent,
    QualityWorsenedDomainEvent,
)
