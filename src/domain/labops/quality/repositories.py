"""Where rules and watches are kept. Every method raises ``UnavailableError`` when the store does not answer."""

from abc import ABC

from neuroglia.data.infrastructure.abstractions import Repository

from domain.labops.quality.stored_rules import QualityRules
from domain.labops.quality.watch import QualityWatch


class QualityRulesRepository(Repository[QualityRules, str], ABC):
    """Keeps the rules."""


class QualityWatchRepository(Repository[QualityWatch, str], ABC):
    """Keeps what the last run of each kind has found."""
