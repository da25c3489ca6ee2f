"""neuroglia's coordination names, importable without redis.

``import neuroglia.coordination`` fails with a NameError where redis is not installed: its Redis backend names
``redis.Redis`` in an annotation although redis is meant to be optional. Labkeeper has leases in MongoDB, so a stand-in
bears the name for as long as the import takes, and the Redis backend goes on saying that redis is missing.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _redis_or_a_stand_in() -> Iterator[None]:
    if "redis" in sys.modules or importlib.util.find_spec("redis") is not None:
        yield
        return
    stand_in, its_asyncio = ModuleType("redis"), ModuleType("redis.asyncio")
    vars(its_asyncio)["Redis"] = object
    vars(stand_in)["asyncio"] = its_asyncio
    sys.modules.update({"redis": stand_in, "redis.asyncio": its_asyncio})
    try:
        yield
        vars(sys.modules["neuroglia.coordination.redis_backend"])["REDIS_AVAILABLE"] = False
    finally:
        del sys.modules["redis"], sys.modules["redis.asyncio"]


with _redis_or_a_stand_in():
    from neuroglia.coordination import CoordinationBackend, LeaderElection, LeaderElectionConfig

__all__ = ["CoordinationBackend", "LeaderElection", "LeaderElectionConfig"]
