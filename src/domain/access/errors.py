"""Refusals of the access context.

DomainError
├── InvalidAccessError        a field breaks a rule; names field and rule
├── UserRemovedError          a removed user accepts no change
├── OrganizationRemovedError  a removed organisation accepts no change
├── NotAMemberError           they do not belong to that organisation
├── UnknownProgramError       the organisation has no such program
└── UnknownOpportunityError   the organisation has no such opportunity
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class InvalidAccessError(InvalidFieldError):
    """A field of a user, organisation, program or opportunity breaks a rule."""


class UserRemovedError(DomainError):
    """A removed user accepts no change."""


class OrganizationRemovedError(DomainError):
    """A removed organisation accepts no change."""


class NotAMemberError(DomainError):
    """They do not belong to that organisation."""


class UnknownProgramError(DomainError):
    """The organisation has no such program."""


class UnknownOpportunityError(DomainError):
    """The organisation has no such opportunity."""
