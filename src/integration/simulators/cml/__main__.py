"""The command ``python -m integration.simulators.cml``."""

import argparse
from pathlib import Path

import orjson

from integration.simulators.cml.faults import Fault
from integration.simulators.cml.simulator import SimulatorSettings, build_simulator
from integration.simulators.serving import add_listening_arguments, serve


def main() -> None:
    """Serve until a signal comes, or until standard input ends when asked to."""
    arguments = _parser().parse_args()
    settings = SimulatorSettings(
        name=arguments.name,
        seed=arguments.seed,
        labs=arguments.labs,
        state_file=arguments.state_file,
        step_seconds=arguments.step_seconds,
        username=arguments.username,
        password=arguments.password,
        user_username=arguments.user_username,
        user_password=arguments.user_password,
        token_seconds=arguments.token_seconds,
        allow_faults=arguments.allow_faults,
        faults=tuple(arguments.faults),
    )
    serve(
        build_simulator(settings),
        arguments,
        backlog=512,
        ssl_certfile=arguments.tls_cert,
        ssl_keyfile=arguments.tls_key,
    )


def _faults(text: str) -> list[Fault]:
    try:
        return [Fault.read(entry) for entry in orjson.loads(text)]
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"not a JSON list of faults: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integration.simulators.cml",
        description="A simulated Cisco Modeling Labs controller whose labs change over time.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_listening_arguments(parser)
    add = parser.add_argument
    add("--name", default="cml", help="host name that the controller gives itself; part of the seed")
    add("--seed", type=int, default=1, help="same seed and name, same labs and changes")
    add("--labs", type=int, default=12, help="labs at the very first start")
    add("--state-file", type=Path, help="keep the labs here, so that a restart continues")
    add("--step-seconds", type=float, default=20.0, help="time between two changes; 0 for none")
    add("--username", default="admin", help="administrator, who sees all labs")
    add("--password", default="password", help="the administrator's password")
    add("--user-username", default="user", help="ordinary user, who sees the own labs")
    add("--user-password", default="password", help="the ordinary user's password")
    add("--token-seconds", type=float, default=28_800.0, help="how long a token is accepted")
    add("--tls-cert", help="certificate file; serves HTTPS")
    add("--tls-key", help="key file of the certificate")
    add("--faults", type=_faults, default=[], help="JSON list of faults to start with")
    add("--allow-faults", action="store_true", help="let callers set faults and labs and read the calls, for tests")
    return parser


if __name__ == "__main__":
    main()
