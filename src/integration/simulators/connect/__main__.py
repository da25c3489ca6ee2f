"""The command ``python -m integration.simulators.connect``."""

import argparse
from pathlib import Path

import orjson

from integration.simulators.connect.fault_layer import DroppingProtocol
from integration.simulators.connect.faults import Fault
from integration.simulators.connect.simulator import SimulatorSettings, build_simulator
from integration.simulators.serving import add_listening_arguments, serve


def main() -> None:
    """Serve until a signal comes, or until standard input ends when asked to."""
    arguments = _parser().parse_args()
    settings = SimulatorSettings(
        seed=arguments.seed,
        records=arguments.records,
        opportunities=arguments.opportunities,
        visits=arguments.visits,
        client_id=arguments.client_id,
        client_secret=arguments.client_secret,
        redirect_uris=tuple(arguments.redirect_uri),
        password=arguments.password,
        token_seconds=arguments.token_seconds,
        state_file=arguments.state_file,
        allow_faults=arguments.allow_faults,
        faults=tuple(arguments.faults),
    )
    serve(
        build_simulator(settings),
        arguments,
        backlog=1024,
        http=DroppingProtocol,
        ssl_certfile=arguments.tls_cert,
        ssl_keyfile=arguments.tls_key,
    )


def _faults(text: str) -> list[Fault]:
    try:
        return [Fault.read(entry) for entry in orjson.loads(text)]
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"not a JSON list of faults: {error}") from error


def _parser() -> argparse.ArgumentParser:
    usual = SimulatorSettings()
    parser = argparse.ArgumentParser(
        prog="python -m integration.simulators.connect",
        description="A simulated CommCare Connect: login, records and exports of a small seeded world.",
        epilog="Users: asha (lwala), brian (dimagi), chidi (reach), dalia (lwala and reach), eve (nothing).",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_listening_arguments(parser)
    add = parser.add_argument
    add("--seed", type=int, default=usual.seed, help="same seed and numbers, same world")
    add("--records", type=int, default=usual.records, help="records at the very first start")
    add("--opportunities", type=int, default=usual.opportunities, help="opportunities besides the named four")
    add("--visits", type=int, default=usual.visits, help="visits of each opportunity")
    add("--client-id", default=usual.client_id, help="of the registered application")
    add("--client-secret", default=usual.client_secret, help="of the registered application")
    add("--redirect-uri", action="append", default=[], help="registered; without any, every URL on this machine is")
    add("--password", default=usual.password, help="every user's password")
    add("--token-seconds", type=float, default=usual.token_seconds, help="how long an access token is accepted")
    add("--state-file", type=Path, help="keep records and tokens here, so that a restart continues")
    add("--tls-cert", help="certificate file; serves HTTPS")
    add("--tls-key", help="key file of the certificate")
    add("--faults", type=_faults, default=[], help="JSON list of faults to start with")
    add("--allow-faults", action="store_true", help="let callers set faults and read the calls, for tests")
    return parser


if __name__ == "__main__":
    main()
