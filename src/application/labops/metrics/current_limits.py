"""The limits of turn-around that hold now, at no cost while the log stands still."""

from application.labops.specimen_table import SpecimenTable
from domain.kernel.errors import UnavailableError
from domain.labops.sla_limits import SlaLimits
from domain.labops.sla_policy import SLA_POLICY_ID
from domain.labops.sla_repositories import SlaPolicyRepository


class CurrentSlaLimits:
    """Reads the limits again only after the table has seen a further position of the log they are kept in.

    Where the store does not answer, the last ones known go on holding: metrics are answered from the table alone.
    """

    def __init__(self, policies: SlaPolicyRepository, table: SpecimenTable) -> None:
        self._policies = policies
        self._table = table
        self._known: SlaLimits | None = None
        self._read_at = -1

    @property
    def known(self) -> SlaLimits | None:
        """What ``current_async`` would return without reading; None when it would read."""
        return self._known if self._table.status().position == self._read_at else None

    async def current_async(self) -> SlaLimits:
        """Return the limits.

        Raises:
            UnavailableError: they are not known yet, and the store does not answer.
        """
        if self.known is not None:
            return self.known
        position = self._table.status().position
        try:
            policy = await self._policies.get_async(SLA_POLICY_ID)
        except UnavailableError:
            if self._known is None:
                raise
            return self._known
        self._known, self._read_at = SlaLimits() if policy is None else policy.state.limits, position
        return self._known
