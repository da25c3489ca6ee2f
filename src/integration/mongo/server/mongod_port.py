"""Ports for the embedded mongod."""

import secrets
import socket

from domain.kernel.errors import UnavailableError

_PORTS = range(20_000, 32_000)
"""Below the range from which Linux gives ports to outgoing connections: ours stays free while mongod is down."""


def choose_port() -> int:
    """Return a loopback port that is free now.

    Raises:
        UnavailableError: there is none.
    """
    start = secrets.randbelow(len(_PORTS))
    for step in range(len(_PORTS)):
        port = _PORTS[(start + step) % len(_PORTS)]
        if port_is_free(port):
            return port
    raise UnavailableError("no port between 20000 and 32000 is free on 127.0.0.1")


def port_is_free(port: int) -> bool:
    """Tell whether mongod could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
