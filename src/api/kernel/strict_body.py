"""Bodies that are taken at their word: no unknown fields, no guessed types, no text that cannot be stored."""

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_DEEPEST = 32

Moment = Annotated[AwareDatetime, Field(strict=False)]
"""A point in time given as text (RFC 3339 with an offset): JSON has no type for it, so strictness ends there."""


class StrictBody(BaseModel):
    """Base of every request body. Annotate what JSON can only give as text with ``Field(strict=False)``."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable_text(cls, value: Any) -> Any:
        _check(value, 0)
        return value


def _check(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"must not be nested deeper than {_DEEPEST} levels")
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValueError("must not contain NUL characters or lone surrogates")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check(name, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
