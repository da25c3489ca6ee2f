"""Simulates in a process of its own: a simulation comes in as one line of JSON, a line per replication goes out.

It ends by itself when whoever started it is gone.
"""

import gc
import os
import sys
import threading

import msgspec

from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Figures, Simulation
from integration.labops.whatif.model import replicate

NICENESS = 10
"""Whoever waits for an answer of the application comes first."""


class Replicated(msgspec.Struct):
    """Both sides of one replication."""

    baseline: Figures
    scenario: Figures


def main() -> None:
    """Simulate what comes in."""
    os.nice(NICENESS)
    simulation = msgspec.json.decode(sys.stdin.buffer.readline(), type=Simulation)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    gc.disable()  # a replication makes no rings worth looking for
    for number in range(simulation.plan.replications):
        baseline = replicate(simulation.laboratory, Scenario(), simulation.plan, number)
        scenario = replicate(simulation.laboratory, simulation.scenario, simulation.plan, number)
        sys.stdout.buffer.write(msgspec.json.encode(Replicated(baseline, scenario)) + b"\n")
        sys.stdout.buffer.flush()
        gc.collect()


def _end_with_the_parent() -> None:
    # Not through sys.stdin: its lock would be held when the interpreter ends.
    while os.read(0, 1):
        continue
    os._exit(1)


if __name__ == "__main__":
    main()
