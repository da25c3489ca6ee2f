"""How new records of a kind are written: one decision of whoever runs this."""

from dataclasses import dataclass

from domain.records.kinds.kind import ExperimentSpelling


@dataclass(frozen=True, slots=True)
class KindWriting:
    """``experiments``: which of the spellings that are found is written."""

    experiments: ExperimentSpelling = ExperimentSpelling.OWNER
