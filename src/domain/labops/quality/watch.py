"""QualityWatch: remembers the last run over one kind of data, and says when the next one is worse."""

from collections.abc import Sequence
from datetime import datetime

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.quality.report import RuleCount
from domain.labops.quality_events import (
    QualityCheckedDomainEvent,
    QualityWorsenedDomainEvent,
    RuleTally,
    WorsenedRule,
)

SPECIMENS = "specimens"
IMPORTS = "imports"


class QualityWatchState(RememberedState):
    """The remembered last run."""

    run_id: str
    rules_stamp: str
    rows: int
    tallies: dict[str, int]
    worsened: list[WorsenedRule]

    @reduces(QualityCheckedDomainEvent)
    def _checked(self, event: QualityCheckedDomainEvent) -> None:
        self.run_id = event.run_id
        self.rules_stamp = event.rules_stamp
        self.rows = event.rows
        self.tallies = {one.rule_name: one.affected_rows for one in event.tallies}
        self.worsened = []

    @reduces(QualityWorsenedDomainEvent)
    def _worsened(self, event: QualityWorsenedDomainEvent) -> None:
        self.worsened = event.worsened


class QualityWatch(Aggregate[QualityWatchState]):
    """One per kind of data: ``specimens`` and ``imports``."""

    def note(
        self, kind: str, run_id: str, rules_stamp: str, rows: int, counts: Sequence[RuleCount], at: datetime
    ) -> list[WorsenedRule]:
        """Take note of a run, and return what is worse than in the one before under the same rules.

        Of stored specimens more broken rows are worse. Files differ in size: of them more broken rows are worse if
        they are a greater share, too. A run that was noted last already is answered what it was then.
        """
        known = self.state
        if known.state_version and known.run_id == run_id:
            return known.worsened
        worsened: list[WorsenedRule] = []
        before = known.run_id if known.state_version else ""
        if known.state_version and known.rules_stamp == rules_stamp:
            worsened = [self._compared(one, rows) for one in counts if self._is_worse(kind, one, rows)]
        tallies = [
            RuleTally(rule_name=one.rule_name, severity=one.severity.value, affected_rows=_weight(one))
            for one in counts
        ]
        self.record(
            QualityCheckedDomainEvent(
                aggregate_id=kind,
                created_at=at,
                run_id=run_id,
                rules_stamp=rules_stamp,
                rows=rows,
                tallies=tallies,
            )
        )
        if worsened:
            self.record(
                QualityWorsenedDomainEvent(
                    aggregate_id=kind, created_at=at, run_id=run_id, run_id_before=before, worsened=worsened
                )
            )
        return worsened

    def _is_worse(self, kind: str, count: RuleCount, rows: int) -> bool:
        before = self.state.tallies.get(count.rule_name, 0)
        if _weight(count) <= before:
            return False
        return kind == SPECIMENS or _share(_weight(count), rows) > _share(before, self.state.rows)

    def _compared(self, count: RuleCount, rows: int) -> WorsenedRule:
        before = self.state.tallies.get(count.rule_name, 0)
        return WorsenedRule(
            rule_name=count.rule_name,
            severity=count.severity.value,
            affected_rows=_weight(count),
            affected_rows_before=before,
            share=_share(_weight(count), rows),
            share_before=_share(before, self.state.rows),
        )


def _weight(count: RuleCount) -> int:
    """Return how many rows break a rule; a schema that does counts as one."""
    return count.affected_rows or min(1, count.violations)


def _share(part: int, rows: int) -> float:
    return round(part / rows, 9) if rows else float(part > 0)
