"""What ends a command early.

LabkeeperError
├── ConfigurationError  a setting is wrong; exit code 2
└── CommandError        a command cannot do what it was asked to; exit code 1
"""

from domain.kernel.errors import LabkeeperError


class ConfigurationError(LabkeeperError):
    """A setting is wrong; the message names its variable and the rule."""


class CommandError(LabkeeperError):
    """A command cannot do what it was asked to; the message is all that people see."""
