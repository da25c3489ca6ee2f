"""How every simulator is served as a command of its own."""

import argparse
import os
import socket
import sys
import threading
import time
from typing import Any

import uvicorn


def add_listening_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a command take where to listen, and when to end."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one and prints it")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input does")


def serve(app: Any, arguments: argparse.Namespace, *, backlog: int = 128, **options: Any) -> None:
    """Say on standard output where it listens, and serve until a signal comes, or until standard input ends if asked.

    Args:
        app: an ASGI application.
        arguments: with those of ``add_listening_arguments``.
        backlog: connections that may wait to be accepted.
        options: more of uvicorn's settings.
    """
    listening = socket.create_server((arguments.host, arguments.port), backlog=backlog)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    if arguments.exit_with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    scheme = "https" if options.get("ssl_certfile") else "http"
    sys.stdout.write(f"listening on {scheme}://{arguments.host}:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


def _end_with_parent(server: uvicorn.Server) -> None:
    """Standard input is a pipe that only the parent holds open: its end is the parent's end, however it came."""
    while os.read(0, 4096):
        pass
    # Asked to end while it starts, uvicorn would leave its application standing, which then complains.
    while not server.started:
        time.sleep(0.05)
    server.should_exit = True
