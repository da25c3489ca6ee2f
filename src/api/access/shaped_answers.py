"""Answers in the declared shape: what the shape does not name is not shown."""

from typing import Any

from fastapi import Response
from neuroglia.core import OperationResult
from pydantic import BaseModel

from api.kernel.conditional import version_tag
from api.kernel.controller import LabkeeperController


class ShapedAnswersController(LabkeeperController):
    """A controller whose answers are made by a model."""

    def shaped(
        self, result: OperationResult[Any], model: type[BaseModel], headers: dict[str, str] | None = None
    ) -> Response:
        """Return a result's data as a model shows it, with its version as `ETag` where it has one."""
        if not result.is_success or result.data is None:
            return self.process(result)
        version = getattr(result.data, "version", None)
        tagged = {} if version is None else {"ETag": version_tag(version)}
        result.data = model.model_validate(result.data)
        return self.process(result, {**tagged, **(headers or {})})
