"""Python's garbage collector in a process that keeps a lot."""

import atexit
import gc

THRESHOLDS = (50_000, 25, 25)


def calm_the_collector() -> None:
    """Leave out what exists now, and collect more seldom. To be called once the application has started.

    Parsing the listings of hundreds of labs makes objects by the ten thousand. With Python's own thresholds that runs
    the collector again and again over everything that is kept, which is nearly all alive: modules, routes, the
    container, known labs. What counting references frees is not touched by this.
    """
    gc.collect()
    gc.freeze()
    # Else the end leaves them out as well, and DuckDB tells on stderr which of its own it does not see freed.
    atexit.register(gc.unfreeze)
    gc.set_threshold(*THRESHOLDS)
