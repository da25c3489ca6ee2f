"""Where what is promised is kept. Every method raises ``UnavailableError`` when the store does not answer."""

from abc import ABC

from neuroglia.data.infrastructure.abstractions import Repository

from domain.labops.sla_policy import SlaPolicy


class SlaPolicyRepository(Repository[SlaPolicy, str], ABC):
    """Keeps the one policy of the laboratory, under ``SLA_POLICY_ID``."""
