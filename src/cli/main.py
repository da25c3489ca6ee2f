"""The entry point of ``labkeeper``, and how it ends when something is wrong."""

import os
import sys

from cli.errors import ConfigurationError
from domain.kernel.errors import LabkeeperError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def run() -> None:
    """Run a command. Exit codes: 0 done, 1 it failed, 2 it was asked for in a wrong way or a setting is wrong."""
    try:
        # Only here: Ctrl-C while the program is still being read ends it without a traceback.
        from cli.app import app

        app()
    except ConfigurationError as error:
        _end(str(error), MISUSED)
    except LabkeeperError as error:
        _end(str(error), FAILED)
    except BrokenPipeError:
        # Whoever read our output went away; without this the interpreter complains when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _end(why: str, code: int) -> None:
    from cli.output import warn

    warn(why)
    sys.exit(code)


if __name__ == "__main__":
    run()
