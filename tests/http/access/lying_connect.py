"""A token endpoint over real HTTP that gives whatever id_token it is told to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class _Handler(BaseHTTPRequestHandler):
    said: ClassVar[dict[str, Any]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/o/token/":
            token = {"access_token": "a", "refresh_token": "r", "expires_in": 600, "token_type": "Bearer"}
            self._answer({**token, "id_token": self.said["id_token"]})
        else:
            self._answer({"active": True, "username": "asha", "scope": "export openid", "exp": 4_000_000_000})

    def do_GET(self) -> None:
        self._answer({"name": "Asha", "email": "asha@example.org"})

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class LyingConnect:
    """``with LyingConnect() as connect: connect.id_token = ...``"""

    client_id = "labkeeper"
    client_secret = "labkeeper-secret"

    def __init__(self) -> None:
        self._said: dict[str, Any] = {"id_token": None}
        handler = type("Handler", (_Handler,), {"said": self._said})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def id_token(self) -> Any:
        return self._said["id_token"]

    @id_token.setter
    def id_token(self, value: Any) -> None:
        self._said["id_token"] = value

    def __enter__(self) -> "LyingConnect":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
