"""The command ``python -m integration.simulators.teams``."""

import argparse

from integration.simulators.serving import add_listening_arguments, serve
from integration.simulators.teams.simulator import DroppingProtocol, build_simulator


def main() -> None:
    """Serve until a signal comes, or until standard input ends when asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m integration.simulators.teams",
        description="Simulated webhooks of Microsoft Teams, which keep what they are sent.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_listening_arguments(parser)
    parser.add_argument("--drivable", action="store_true", help="let callers set how it behaves, for tests")
    arguments = parser.parse_args()
    serve(build_simulator(drivable=arguments.drivable), arguments, http=DroppingProtocol)


if __name__ == "__main__":
    main()
