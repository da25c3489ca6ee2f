"""A file out of a multipart body, piece by piece as it arrives: nothing of it is held here."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from api.kernel.problems import RefusedError, printable
from application.kernel.refusals import Refusal, invalid

TEndpoint = TypeVar("TEndpoint", bound=Callable[..., object])
_STREAMED = "__labkeeper_streamed_body__"
_LONGEST_HEADERS = 16 * 1024
LONGEST_NAME = 255


def reads_body_itself(endpoint: TEndpoint) -> TEndpoint:
    """Declare that an endpoint takes its body as it arrives. It heeds no ``Idempotency-Key``: that needs all of it."""
    setattr(endpoint, _STREAMED, True)
    return endpoint


def does_read_body_itself(endpoint: Callable[..., object]) -> bool:
    """Tell whether an endpoint is declared so."""
    return getattr(endpoint, _STREAMED, False)


class UploadedFile:
    """The one file of a multipart body.

    Attributes:
        name: as the sender named it, without a path; known once the first piece was read.
    """

    def __init__(self, request: Request, field: str) -> None:
        self._request = request
        self._field = field
        self.name = ""
        self._headers: dict[str, bytes] = {}
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._header_bytes = 0
        self._files = 0
        self._is_file = False
        self._ended = False
        self._pieces: list[bytes] = []

    async def pieces(self) -> AsyncIterator[bytes]:
        """Return the bytes of the file.

        Raises:
            RefusedError: 415 when the body is no form, 400 when it is damaged, 422 when it is not one file.
        """
        parser = self._parser()
        try:
            async for received in self._request.stream():
                parser.write(received)
                pieces, self._pieces = self._pieces, []
                for piece in pieces:
                    yield piece
            parser.finalize()
        except (MultipartParseError, ClientDisconnect):
            raise RefusedError(_malformed()) from None
        if not self._ended:
            raise RefusedError(_malformed())
        if not self._files:
            raise RefusedError(invalid(self._field, "must be sent"))

    def _parser(self) -> MultipartParser:
        kind, options = parse_options_header(self._request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            detail = "a file must be sent as multipart/form-data"
            refusal = Refusal(415, "unsupported-media-type", "Unsupported media type", detail)
            raise RefusedError(refusal, {"Accept": "multipart/form-data"})
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._add(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._add(1, data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take,
                "on_end": self._end,
            },
        )

    def _begin_part(self) -> None:
        self._headers, self._header_bytes, self._is_file = {}, 0, False

    def _add(self, which: int, data: bytes) -> None:
        self._header_bytes += len(data)
        if self._header_bytes > _LONGEST_HEADERS:
            raise RefusedError(_malformed())
        self._header[which].extend(data)

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != self._field:
            shown = f"not {printable(name)[:100]}" if name else "and each part must have a name"
            raise RefusedError(invalid(self._field, f"is the only part that may be sent, {shown}"))
        self._files += 1
        if self._files > 1:
            raise RefusedError(invalid(self._field, "must be sent once"))
        self._is_file = True
        given = options.get(b"filename", b"").decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
        self.name = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in given)
        self.name = self.name[:LONGEST_NAME] or "unnamed"

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._pieces.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


def _malformed() -> Refusal:
    return Refusal(400, "malformed-form", "Malformed form", "the body is not a complete multipart/form-data")
