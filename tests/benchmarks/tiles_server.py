"""Twenty controllers in one lean process: made answers, real HTTP, below ``/<number>/api/v0``.

``python -m tests.benchmarks.tiles_server <controllers> <labs of each>``. ``GET /generation/<n>`` makes the answers of
another generation: each next one changes another twentieth of the labs.
"""

import asyncio
import sys
from typing import Any, cast

import orjson
import uvloop

STATES = ("STARTED", "STOPPED", "DEFINED_ON_CORE")


def a_tile(controller: int, number: int, generation: int, share: int = 20) -> dict[str, Any]:
    """Return a lab as a controller shows it. It changes with every ``share``-th generation, in turn with the others."""
    changes = (generation + share - 1 - number % share) // share
    return {
        "id": f"5b2c7e0a-{controller:04d}-4222-8333-{number:012d}",
        "created": "2026-01-20T08:00:00+00:00",
        "modified": f"2026-01-21T{number % 24:02d}:{number % 60:02d}:{changes % 60:02d}+00:00",
        "lab_title": f"BGP basics {number}" + (f" ({changes})" if changes else ""),
        "lab_description": "Two providers, three customers and what can go wrong between them.",
        "lab_notes": "Start the route reflectors first.",
        "owner": "0a1b2c3d-1111-4222-8333-944455556666",
        "owner_username": "alice",
        "owner_fullname": "Alice A.",
        "state": STATES[changes % 2],
        "node_count": 6,
        "link_count": 7,
        "groups": [{"id": "g1", "name": "network", "permission": "read_only"}],
        "effective_permissions": ["lab_admin", "lab_edit", "lab_exec", "lab_view"],
    }


class Answers:
    """All answers by path, ready to be sent."""

    def __init__(self, controllers: int, labs: int) -> None:
        self._controllers, self._labs = controllers, labs
        self._by_path: dict[bytes, bytes] = {}
        self.turn_to(0)

    def turn_to(self, generation: int) -> None:
        """Make the answers of a generation."""
        for controller in range(self._controllers):
            base = f"/{controller}/api/v0".encode()
            tiles = [a_tile(controller, number, generation) for number in range(self._labs)]
            answers = {
                b"/system_information": {"version": "2.9.0", "ready": True, "allow_ssh_pubkey_auth": False},
                b"/authenticate": "a.fine.token",
                b"/populate_lab_tiles": {"lab_tiles": {tile["id"]: tile for tile in tiles}},
                b"/labs": [tile["id"] for tile in tiles],
            }
            for path, answer in answers.items():
                self._by_path[base + path] = _with_head(orjson.dumps(answer))

    def to(self, target: bytes) -> bytes:
        """Return what is sent for a request's target."""
        path = target.partition(b"?")[0]
        if path.startswith(b"/generation/"):
            self.turn_to(int(path.rpartition(b"/")[2]))
            return _with_head(b"null")
        return self._by_path.get(path) or b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


def _with_head(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


class Connection(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._transport.write(self._answers.to(lines[0].split(b" ")[1]))


async def serve() -> None:
    answers = Answers(int(sys.argv[1]), int(sys.argv[2]))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
