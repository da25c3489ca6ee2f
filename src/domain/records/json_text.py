"""Record data as text: what was given comes back exactly, in the order it was given."""

import json

from domain.records.values import MAX_DATA_BYTES, MAX_DATA_DEPTH, JsonValue


class UnstorableDataError(ValueError):
    """A value cannot be kept as data; the message is the rule."""


def to_text(data: JsonValue) -> str:
    """Return the JSON text of a record's data.

    Raises:
        UnstorableDataError: null, not JSON, too large, too deep, or text that is no Unicode.
    """
    if data is None:
        raise UnstorableDataError("must not be null")
    _check_depth(data)
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UnstorableDataError("must be text that is valid Unicode") from None
    except (TypeError, ValueError):
        raise UnstorableDataError("must be JSON: objects with text keys, lists, text, finite numbers") from None
    if size > MAX_DATA_BYTES:
        raise UnstorableDataError(f"must have at most {MAX_DATA_BYTES} bytes, not {size}")
    return text


def from_text(text: str) -> JsonValue:
    """Return the data that a text holds."""
    return json.loads(text)


def is_written_alike(left: JsonValue, right: JsonValue) -> bool:
    """Tell whether two values have the same text but for the order of keys: ``1`` and ``1.0`` have not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_written_alike(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_written_alike, left, right))
    return type(left) is type(right) and repr(left) == repr(right)


def key_in_path(key: str) -> str:
    """Return a key as filters write it in a path: in quotes where it could be read as several keys, or as quoted."""
    return json.dumps(key, ensure_ascii=False) if not key or "." in key or key.startswith('"') else key


def _check_depth(data: JsonValue) -> None:
    level = [data]
    for _ in range(MAX_DATA_DEPTH + 1):
        deeper: list[JsonValue] = []
        for value in level:
            if isinstance(value, dict):
                if not all(isinstance(key, str) for key in value):
                    raise UnstorableDataError("must have text keys only")
                deeper += value.values()
            elif isinstance(value, list | tuple):
                deeper += value
        if not deeper:
            return
        level = deeper
    raise UnstorableDataError(f"must be nested at most {MAX_DATA_DEPTH} levels deep")
