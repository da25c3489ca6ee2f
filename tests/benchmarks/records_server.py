"""A lean system of record: many scopes of made records, real HTTP; see ``tiles_server`` for the connections.

``python -m tests.benchmarks.records_server <opportunities> <records of each>``. Everybody is a member of all of them.
"""

import asyncio
import sys
from urllib.parse import parse_qs

import orjson
import uvloop

from tests.benchmarks.records_material import a_task, as_answered
from tests.benchmarks.tiles_server import Connection


class Answers:
    """All answers, ready to be sent."""

    def __init__(self, opportunities: int, records: int) -> None:
        self._lists = {
            opportunity: _with_head(
                [
                    {**as_answered(a_task((opportunity - 1) * records + number, number)), "opportunity_id": opportunity}
                    for number in range(1, records + 1)
                ]
            )
            for opportunity in range(1, opportunities + 1)
        }
        views = [{"id": number, "name": f"CHC {number}", "organization": "lwala"} for number in self._lists]
        self._memberships = _with_head({"organizations": [], "programs": [], "opportunities": views})

    def to(self, target: bytes) -> bytes:
        """Return what is sent for a request's target."""
        path, _, query = target.decode().partition("?")
        if path == "/export/opp_org_program_list/":
            return self._memberships
        if path == "/export/labs_record/":
            return self._lists[int(parse_qs(query)["opportunity_id"][0])]
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


def _with_head(answer: object) -> bytes:
    body = orjson.dumps(answer)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


async def serve() -> None:
    answers = Answers(int(sys.argv[1]), int(sys.argv[2]))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
