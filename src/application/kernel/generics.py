"""What a class says about the type arguments of its generic bases."""

import types
from typing import Any, Generic, Protocol, TypeVar, Union, get_args, get_origin


def type_arguments(implementation: Any) -> dict[Any, Any]:
    """Return what each type variable stands for in a class or an alias such as ``Repository[LabRecord, str]``.

    Bases are included, so that an inherited constructor that asks for ``Options[TEntity]`` can be understood.
    """
    found: dict[Any, Any] = {}
    _collect(implementation, found)
    return found


def _collect(implementation: Any, found: dict[Any, Any]) -> None:
    origin = get_origin(implementation) or implementation
    parameters = getattr(origin, "__parameters__", ())
    for parameter, argument in zip(parameters, get_args(implementation), strict=False):
        found.setdefault(parameter, substitute(argument, found))
    for base in getattr(origin, "__orig_bases__", ()):
        if get_origin(base) not in (None, Generic, Protocol):
            inner: dict[Any, Any] = {}
            _collect(substitute(base, found), inner)
            for parameter, argument in inner.items():
                found.setdefault(parameter, argument)
    for base in getattr(origin, "__bases__", ()):
        if getattr(base, "__orig_bases__", None) is not None and not getattr(base, "__parameters__", ()):
            _collect(base, found)


def substitute(hint: Any, known: dict[Any, Any]) -> Any:
    """Return a type hint with its type variables replaced by what they stand for."""
    if isinstance(hint, TypeVar):
        return known.get(hint, hint)
    arguments = get_args(hint)
    if not arguments or not getattr(hint, "__parameters__", ()):
        return hint
    return hint[tuple(known.get(parameter, parameter) for parameter in hint.__parameters__)]


def generic_argument(cls: type, generic_base: type, index: int = 0) -> Any:
    """Return the type that ``cls`` gives for a parameter of a generic base, e.g. the command that a handler handles.

    None when the class does not derive from the base or leaves the parameter open.
    """
    return _argument(cls, generic_base, index, {})


def _argument(cls: Any, generic_base: type, index: int, known: dict[Any, Any]) -> Any:
    for base in getattr(cls, "__orig_bases__", None) or cls.__bases__:
        origin = get_origin(base) or base
        if not isinstance(origin, type) or not issubclass(origin, generic_base):
            continue
        arguments = tuple(substitute(argument, known) for argument in get_args(base))
        if origin is generic_base:
            found = arguments[index] if index < len(arguments) else None
        else:
            found = _argument(
                origin, generic_base, index, dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=False))
            )
        if found is not None and not isinstance(found, TypeVar):
            return found
    return None


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union; a hint that is none stands alone."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
