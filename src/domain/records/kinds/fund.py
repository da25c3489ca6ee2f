"""Funds: money for programs, and what of it is promised."""

from decimal import Decimal, InvalidOperation

from domain.records.kinds.fields import identity, items, number, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.typed_record import TypedRecord


class Fund(TypedRecord):
    """A fund of a funder, found under a program. ``allocations`` are objects with an amount."""

    name = text(most=1_000, required=True)
    funder_slug = text(most=255)
    description = text()
    total_budget = number()
    currency = text(most=10, default="USD")
    org_id = identity()
    program_ids = items()
    delivery_types = items()
    status = text(most=50, default="active")
    allocations = items()

    @property
    def committed(self) -> Decimal:
        """Sum of the allocations; what is no number counts nothing."""
        amounts = (one.get("amount") for one in self.allocations if isinstance(one, dict))
        return sum((_amount(amount) for amount in amounts), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        """What is not promised yet, never below 0."""
        return max(Decimal(0), _amount(self.total_budget) - self.committed)


def _amount(value: object) -> Decimal:
    if value is None or isinstance(value, bool):
        return Decimal(0)
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


FUND = Kind(name="fund", type="fund", view=Fund, owner=lambda _fields, data: data.get("funder_slug"))
