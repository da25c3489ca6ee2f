"""Ids of imports, and of what their rows say."""

import re
from secrets import token_hex

from domain.kernel.clock import Clock


class ImportIds:
    """Makes ids that sort by time: eleven hex digits of milliseconds, then randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def next(self) -> str:
        """Return an id that nobody has."""
        return f"{int(self._clock.now().timestamp() * 1000):011x}{token_hex(8)}"


_ROW_COMMAND = re.compile(r"([0-9a-f]{27}):([0-9]{1,18})")


def row_command(import_id: str, line: int) -> str:
    """Return the command id of a row, the same whenever it is taken."""
    return f"{import_id}:{line}"


def imported_row(command_id: str | None) -> tuple[str, int] | None:
    """Return import and line of the row that a command was; None when it was none of an import."""
    found = None if command_id is None else _ROW_COMMAND.fullmatch(command_id)
    return None if found is None else (found[1], int(found[2]))
