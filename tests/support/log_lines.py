"""Log lines of tests: as structlog writes them unasked, with the interpreter's tracebacks.

rich's, which it would choose, take seconds of processor time each while the loop of the application stands still.
"""

import structlog


def write_plain_tracebacks() -> None:
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])
