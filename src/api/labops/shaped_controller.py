"""Answers in the shape that a route declares."""

from typing import Any

from fastapi import Response
from neuroglia.core import OperationResult
from pydantic import BaseModel

from api.kernel.controller import LabkeeperController


class ShapedController(LabkeeperController):
    """What the declared shape does not name is not shown."""

    def shaped(
        self, result: OperationResult[Any], model: type[BaseModel], headers: dict[str, str] | None = None
    ) -> Response:
        """Return the answer for a result, or its refusal."""
        if result.is_success:
            result.data = model.model_validate(result.data)
        return self.process(result, headers)
