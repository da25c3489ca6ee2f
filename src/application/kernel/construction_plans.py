"""How a class is constructed, read from the annotations of its constructor."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_origin, get_type_hints

from application.kernel.generics import alternatives, substitute, type_arguments


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constructor parameter: its alternatives (without None) and whether it can be left out or given None."""

    name: str
    service_types: tuple[Any, ...]
    has_default: bool
    accepts_none: bool


@dataclass(slots=True)
class ConstructionPlan:
    """How to construct a class. ``settled``: arguments that are singletons, found at the first construction."""

    implementation: Callable[..., Any]
    open: list[Parameter]
    disposable: bool
    settled: dict[str, Any] = field(default_factory=dict)


def plan_of(implementation: Any) -> ConstructionPlan:
    """Return how to construct a class, or a generic one with its arguments.

    Raises:
        NameError, TypeError, ValueError: its constructor cannot be read.
    """
    cls = get_origin(implementation) or implementation
    arguments = type_arguments(implementation)
    signature = inspect.signature(cls.__init__)
    hints = get_type_hints(cls.__init__)
    parameters = []
    for parameter in list(signature.parameters.values())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        wanted = alternatives(substitute(hints.get(parameter.name, parameter.annotation), arguments))
        parameters.append(
            Parameter(
                parameter.name,
                tuple(option for option in wanted if option is not type(None)),
                parameter.default is not parameter.empty,
                type(None) in wanted,
            )
        )
    return ConstructionPlan(implementation, parameters, disposing_method(cls) is not None)


def disposing_method(cls: type) -> str | None:
    """Return the name of the method that closes what a class makes; None when there is none."""
    return next((name for name in ("dispose_async", "__aexit__", "__exit__", "dispose") if hasattr(cls, name)), None)
