"""Makes a single mongod the primary of its own replica set: transactions and change streams need one."""

import asyncio
import logging
import time
from collections.abc import Callable

from pymongo.errors import OperationFailure

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDocument, MongoDriver, open_driver, translating_outages

_log = logging.getLogger(__name__)
_NOT_YET_INITIALISED = 94
_INVALID_CONFIG = 93
_ALREADY_INITIALISED = 23


async def lead_replica_set_async(
    port: int, replica_set: str, alive: Callable[[], bool], patience_seconds: float
) -> None:
    """Return once the mongod on that port is primary; sets the replica set up the first time.

    Raises:
        UnavailableError: mongod ended, or was not primary in time.
    """
    admin = open_driver(
        "pymongo",
        f"mongodb://127.0.0.1:{port}/?directConnection=true",
        "admin",
        serverSelectionTimeoutMS=500,
        socketTimeoutMS=10_000,
        minPoolSize=0,
    )
    deadline = time.monotonic() + patience_seconds
    told_at = time.monotonic()
    try:
        while not await _is_primary_async(admin, f"127.0.0.1:{port}", replica_set):
            if not alive():
                raise UnavailableError("mongod ended while starting")
            if time.monotonic() > deadline:
                raise UnavailableError(f"mongod is not primary after {patience_seconds:g} s")
            if time.monotonic() > told_at + 10:
                told_at = time.monotonic()
                _log.info("still waiting for mongod on port %s: it may be recovering from its journal", port)
            await asyncio.sleep(0.05)
    finally:
        await admin.close_async()


async def _is_primary_async(admin: MongoDriver, address: str, replica_set: str) -> bool:
    try:
        with translating_outages("mongod"):
            hello = await admin.command_async({"hello": 1})
            if hello.get("isWritablePrimary"):
                return True
            await _set_up_async(admin, address, replica_set)
    except UnavailableError:
        pass
    return False


async def _set_up_async(admin: MongoDriver, address: str, replica_set: str) -> None:
    try:
        await admin.command_async({"replSetGetStatus": 1})
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALISED:
            await _initiate_async(admin, {"_id": replica_set, "members": [{"_id": 0, "host": address}]})
        elif error.code == _INVALID_CONFIG:
            await _move_async(admin, address)
        else:
            raise


async def _initiate_async(admin: MongoDriver, config: MongoDocument) -> None:
    try:
        await admin.command_async({"replSetInitiate": config})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALISED:
            raise


async def _move_async(admin: MongoDriver, address: str) -> None:
    """Tell mongod its new address: started on another port it does not find itself in its own configuration."""
    config = (await admin.command_async({"replSetGetConfig": 1}))["config"]
    config["members"] = [{**config["members"][0], "host": address}]
    config["version"] += 1
    await admin.command_async({"replSetReconfig": config, "force": True})
