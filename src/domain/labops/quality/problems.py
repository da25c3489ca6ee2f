"""What is wrong with rules, each with its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.errors import DomainError

MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing that is wrong.

    Attributes:
        field: path of the value, e.g. ``rules[2].parameters.column``; empty for the file as a whole.
        rule: what it must be.
        line: in the rules file, from 1; None when there are no lines.
    """

    field: str
    rule: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.field or 'the document'} {self.rule}"


class InvalidRulesError(DomainError):
    """Rules cannot be read.

    Attributes:
        problems: at least one, in the order of the file, at most 50.
    """

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("; ".join(str(one) for one in problems[:3]))
        self.problems = tuple(problems[:MOST_PROBLEMS])


class UnreadableDataError(DomainError):
    """Data cannot be read as a table at all; the message says why, with the line where there is one."""
