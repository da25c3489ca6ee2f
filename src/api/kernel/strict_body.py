"""Bodies that are taken at their word: no unknown fields, no guessed types, no text that cannot be stored."""

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

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
        _check(value, ())
        return value


def _check(value: Any, path: tuple[str | int, ...]) -> None:
    """Raise an error whose context has the ``path`` to what is at fault."""
    if len(path) > _DEEPEST:
        rule = f"must not be nested deeper than {_DEEPEST} levels"
        raise PydanticCustomError("nested_too_deep", "{rule}", {"rule": rule, "path": path[:1]})
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            rule = "must not contain NUL characters or lone surrogates"
            raise PydanticCustomError("unstorable_text", "{rule}", {"rule": rule, "path": path})
    elif isinstance(value, dict):
        for name, item in value.items():
            _check(name, (*path, str(name)))
            _check(item, (*path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, (*path, index))
