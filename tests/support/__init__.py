"""What the tests stand on: real servers, started and ended here."""

from tests.support.log_lines import write_plain_tracebacks

# Here, for the processes that tests start as well.
write_plain_tracebacks()
