"""A kind: how its records are found, seen and written."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.records.conditions import Condition
from domain.records.errors import InvalidRecordError
from domain.records.kinds.typed_record import TypedRecord
from domain.records.values import JsonValue, LabsRecord


class ExperimentSpelling(StrEnum):
    """How the experiment of a new record is written where several spellings are found."""

    OWNER = "owner"
    """The id of whoever owns the record, as text."""
    SHARED = "shared"
    """One name for all, e.g. ``solicitations``."""


Owner = Callable[[Mapping[str, Any], Mapping[str, JsonValue]], Any]
"""Returns the owner's id from the fields and the data of a new record; None when they do not tell."""


Objection = Callable[[LabsRecord, LabsRecord], tuple[str, str] | None]
"""Returns which field a change of a record must not change so, and the rule; None when it may."""
WrittenOver = Callable[[LabsRecord, JsonValue, LabsRecord], JsonValue]
"""Returns data that were decided upon one version as they are written over another: (version, data, other version)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of record.

    Attributes:
        name: as the API calls it.
        type: its ``type``.
        experiment: its ``experiment``; None when that is the id of an owner, so that any may come.
        view: its typed record.
        owner: who owns a new record; None with a fixed experiment.
        shared_experiment: the other spelling of a kind whose experiment is an owner; None when there is none.
        is_public: whether a new record with these data is public, unless it says so itself.
        objection: to a change of a record of this kind, by whatever way it is written.
        written_over: what is kept of another version where somebody insists on data that were decided without it.
        written_at: path of the API that alone writes this kind; None when it is written as its data.
    """

    name: str
    view: type[TypedRecord]
    type: str
    experiment: str | None = None
    owner: Owner | None = None
    shared_experiment: str | None = None
    is_public: Callable[[Mapping[str, JsonValue]], bool] = lambda _data: False
    objection: Objection = lambda _before, _after: None
    written_over: WrittenOver = lambda _before, data, _now: data
    written_at: str | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What holds for records of this kind."""
        by_type = Condition("type", self.type)
        return (by_type,) if self.experiment is None else (Condition("experiment", self.experiment), by_type)

    def includes(self, record: LabsRecord) -> bool:
        """Tell whether a record is of this kind."""
        return record.type == self.type and self.experiment in (None, record.experiment)

    def check(self, data: JsonValue, index: int = 0, only: Collection[str] | None = None) -> None:
        """Check the data of a typed write. Keys that the kind does not know may be anything.

        Args:
            only: the keys that are written; None for all. What was stored before is not held against anybody.

        Raises:
            InvalidRecordError: a field breaks its rule.
        """
        if not isinstance(data, dict):
            raise InvalidRecordError(index, "data", "must be an object")
        for field in self.view.fields():
            if only is not None and field.name not in only:
                continue
            if (broken := field.broken_rule(data)) is not None:
                raise InvalidRecordError(index, f"data.{field.name}", broken)

    def completed(self, fields: Mapping[str, Any], spelling: ExperimentSpelling, index: int = 0) -> dict[str, Any]:
        """Return the fields of a new record of this kind, checked, with type, experiment and public filled in.

        Raises:
            InvalidRecordError: the data break a rule, or nothing tells the experiment.
        """
        data = fields.get("data")
        self.check(data, index)
        assert isinstance(data, dict)
        complete = {**fields, "type": self.type}
        complete["experiment"] = self._experiment(fields, data, spelling, index)
        complete.setdefault("public", self.is_public(data))
        return complete

    def _experiment(
        self, fields: Mapping[str, Any], data: Mapping[str, JsonValue], spelling: ExperimentSpelling, index: int
    ) -> str:
        given = fields.get("experiment")
        if self.experiment is not None:
            if given not in (None, self.experiment):
                raise InvalidRecordError(index, "experiment", f"must be {self.experiment}, or left out")
            return self.experiment
        if given is not None:
            return str(given)
        if spelling is ExperimentSpelling.SHARED and self.shared_experiment is not None:
            return self.shared_experiment
        owner = self.owner(fields, data) if self.owner is not None else None
        if owner in (None, ""):
            raise InvalidRecordError(index, "experiment", "must be given: nothing else tells who owns the record")
        return str(owner)
