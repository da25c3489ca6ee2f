"""The command ``python -m integration.simulators.teams``."""

import argparse
import os
import socket
import sys
import threading
import time

import uvicorn

from integration.simulators.teams.simulator import DroppingProtocol, build_simulator


def main() -> None:
    """Serve until a signal comes, or until standard input ends when asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m integration.simulators.teams",
        description="Simulated webhooks of Microsoft Teams, which keep what they are sent.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one and prints it")
    parser.add_argument("--drivable", action="store_true", help="let callers set how it behaves, for tests")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input does")
    arguments = parser.parse_args()
    listening = socket.create_server((arguments.host, arguments.port), backlog=128)
    app = build_simulator(drivable=arguments.drivable)
    server = uvicorn.Server(
        uvicorn.Config(app, http=DroppingProtocol, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    )
    if arguments.exit_with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    sys.stdout.write(f"listening on http://{arguments.host}:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


def _end_with_parent(server: uvicorn.Server) -> None:
    while os.read(0, 4096):
        pass
    while not server.started:
        time.sleep(0.05)
    server.should_exit = True


if __name__ == "__main__":
    main()
