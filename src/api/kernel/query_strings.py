"""What a query string may hold: the declared parameters, each once, as text that can be stored."""

import inspect
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

from fastapi._compat import ModelField, get_cached_model_fields
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.kernel.problems import RefusedError, printable
from application.kernel.generics import alternatives
from application.kernel.refusals import Refusal, invalid

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MOST_PARAMETERS = 100
_OPEN = "__labkeeper_open_query__"
_REPEATED = "__labkeeper_repeated_parameters__"


def takes_other_parameters(endpoint: Endpoint) -> Endpoint:
    """Declare that an endpoint itself reads, and refuses, parameters that its signature does not name."""
    setattr(endpoint, _OPEN, True)
    return endpoint


def takes_last_of_repeated(endpoint: Endpoint) -> Endpoint:
    """Declare that of a parameter that is given again and again the last one counts, as another system does it."""
    setattr(endpoint, _REPEATED, True)
    return endpoint


class QueryStringRules:
    """The parameters of one route: which there are, which may be repeated, and whether there are others.

    Args:
        is_open: others may come.
        last_counts: all may be repeated.
    """

    def __init__(
        self, known: Collection[str], repeatable: Collection[str], *, is_open: bool = False, last_counts: bool = False
    ) -> None:
        self._known = frozenset(known)
        self._repeatable = frozenset(repeatable)
        self._is_open = is_open
        self._last_counts = last_counts

    @classmethod
    def of(cls, dependant: Dependant) -> "QueryStringRules":
        """Read the rules off an endpoint's signature."""
        fields = list(_query_parameters(dependant))
        return cls(
            [entry.alias for entry in fields],
            [entry.alias for entry in fields if _is_list(entry.field_info)],
            is_open=getattr(dependant.call, _OPEN, False),
            last_counts=getattr(dependant.call, _REPEATED, False),
        )

    def check(self, query_string: bytes) -> None:
        """Let a query string pass or refuse it with 422, naming the parameter.

        Raises:
            RefusedError: a parameter is unknown, repeated, or not storable text.
        """
        if not query_string:
            return
        try:
            pairs = parse_qsl(query_string.decode("ascii"), True, errors="strict", max_num_fields=_MOST_PARAMETERS)
        except UnicodeDecodeError:
            raise RefusedError(invalid("query", "must be percent-encoded UTF-8")) from None
        except ValueError:
            raise RefusedError(invalid("query", f"must have at most {_MOST_PARAMETERS} parameters")) from None
        seen: set[str] = set()
        for name, value in pairs:
            shown = printable(name)[:100]
            if name not in self._known and not self._is_open:
                raise RefusedError(self._unknown(shown))
            if name in seen and name not in self._repeatable and not self._last_counts:
                raise RefusedError(invalid(shown, "must be given once"))
            if "\x00" in value:
                raise RefusedError(invalid(shown, "must not contain a NUL character"))
            seen.add(name)

    def _unknown(self, name: str) -> Refusal:
        known = ", ".join(sorted(self._known)) or "none"
        return Refusal(
            422,
            "unknown-parameter",
            "Unknown parameter",
            f"there is no query parameter {name}; known here: {known}",
            errors=[{"field": name, "rule": "is not a query parameter of this resource"}],
        )


def _query_parameters(dependant: Dependant) -> Iterator[ModelField]:
    for entry in dependant.query_params:
        model = entry.field_info.annotation
        if inspect.isclass(model) and issubclass(model, BaseModel):
            yield from get_cached_model_fields(model)
        else:
            yield entry
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _is_list(field: FieldInfo) -> bool:
    return any(
        (get_origin(option) or option) in (list, set, tuple, frozenset) for option in alternatives(field.annotation)
    )
