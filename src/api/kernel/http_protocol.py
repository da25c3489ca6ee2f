"""uvicorn's HTTP protocol, with problem documents also for requests that never reach the application."""

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.kernel.problems import MEDIA_TYPE
from application.kernel.refusals import PROBLEM_TYPES

LONGEST_TARGET_BYTES = 16_384
TARGET_CUT = "labkeeper.target_cut"
"""Extension of a request's scope: its target was longer than is kept, and is not to be believed."""


class LabkeeperHttpProtocol(HttpToolsProtocol):
    """Keeps of a target that is too long only the beginning: its parser would end the connection over 64 KiB."""

    def on_url(self, url: bytes) -> None:
        room = LONGEST_TARGET_BYTES - len(self.url)
        if len(url) > room:
            self.scope["extensions"] = {TARGET_CUT: {}}
            url = url[:room]
        super().on_url(url)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request, and end the connection."""
        document = {
            "type": PROBLEM_TYPES + "malformed-request",
            "title": "Malformed request",
            "status": 400,
            "detail": msg,
        }
        body = orjson.dumps(document)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
