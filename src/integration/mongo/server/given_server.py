"""Looking at a MongoDB that somebody else runs, before the application is built on it."""

import re

from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure

from domain.kernel.errors import LabkeeperError, UnavailableError
from integration.mongo.driver import DriverName, open_driver, translating_outages

OLDEST_WIRE_VERSION = 17
"""MongoDB 6.0."""

_HOSTS = re.compile(r"^mongodb(?:\+srv)?://(?:[^/]*@)?([^/?]*)")


class UnusableMongodbError(LabkeeperError):
    """The MongoDB of ``LABKEEPER_MONGODB_URI`` cannot be used; asking again will not help."""


def hosts_of(uri: str) -> str:
    """Return the hosts that a connection string names, without what it says about who connects."""
    found = _HOSTS.match(uri)
    return found.group(1) if found else "(no MongoDB address)"


class MalformedMongodbUriError(UnusableMongodbError):
    """The connection string is none."""


async def check_given_mongodb_async(uri: str, driver_name: DriverName, timeout_seconds: float = 10.0) -> None:
    """Return if the server answers, is new enough, and can do transactions.

    Raises:
        UnavailableError: it does not answer within the time.
        MalformedMongodbUriError: the connection string is none.
        UnusableMongodbError: it answers, but cannot be used.
    """
    where = f"the MongoDB at {hosts_of(uri)}"
    try:
        driver = open_driver(driver_name, uri, "admin", serverSelectionTimeoutMS=round(timeout_seconds * 1000))
    except (InvalidURI, ConfigurationError, ValueError) as error:
        reason = str(error).replace(uri, hosts_of(uri))
        raise MalformedMongodbUriError(f"LABKEEPER_MONGODB_URI cannot be read: {reason}") from error
    try:
        with translating_outages(where):
            await driver.command_async({"ping": 1}, "admin")
            hello = await driver.command_async({"hello": 1}, "admin")
            await driver.command_async({"listCollections": 1, "nameOnly": True})
    except UnavailableError as error:
        message = f"{where} gives no answer within {timeout_seconds:g} s: check LABKEEPER_MONGODB_URI and the server"
        raise UnavailableError(message) from error
    except OperationFailure as error:
        raise UnusableMongodbError(f"{where} refuses us: {(error.details or {}).get('errmsg', error.code)}") from error
    finally:
        await driver.close_async()
    if int(hello.get("maxWireVersion", 0)) < OLDEST_WIRE_VERSION:
        raise UnusableMongodbError(f"{where} is older than MongoDB 6.0")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise UnusableMongodbError(f"{where} is no replica set, which transactions need: start it with --replSet")
