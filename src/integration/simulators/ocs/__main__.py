"""The command ``python -m integration.simulators.ocs``."""

import argparse

from integration.simulators.ocs.simulator import build_simulator
from integration.simulators.serving import add_listening_arguments, serve


def main() -> None:
    """Serve until a signal comes, or until standard input ends when asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m integration.simulators.ocs",
        description="A simulated Open Chat Studio whose bots talk to workers who answer at once.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_listening_arguments(parser)
    parser.add_argument("--api-key", default="simulated", help="the key that is accepted")
    parser.add_argument("--drivable", action="store_true", help="let callers set how it behaves, for tests")
    arguments = parser.parse_args()
    serve(build_simulator(arguments.api_key, drivable=arguments.drivable), arguments)


if __name__ == "__main__":
    main()
