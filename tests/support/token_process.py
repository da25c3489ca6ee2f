"""One process that asks for somebody's token: ``python -m tests.support.token_process URI DATABASE CONNECT KEY USER``.

Prints ``ready``, waits for a line, asks, and prints a digest of the token that it got (``none`` for none).
"""

import asyncio
import sys

from application.kernel.leases import Leases
from domain.kernel.clock import SystemClock
from integration.access.connect_oauth import HttpConnectLogins
from integration.access.connect_tokens import ConnectTokens
from integration.access.secrets_at_rest import name_of
from integration.http.address_policy import AddressPolicy
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import open_driver


async def main(uri: str, database: str, connect: str, key: str, username: str) -> None:
    driver, clock = open_driver("motor", uri, database), SystemClock()
    leases: Leases = MongoLeases(driver)
    logins = HttpConnectLogins(connect, "labkeeper", "labkeeper-secret", AddressPolicy(), clock)
    tokens = ConnectTokens(driver, [key], logins, leases, clock)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    token = await tokens.token_of_async(username)
    print("none" if token is None else name_of(token), flush=True)
    await logins.close_async()
    await driver.close_async()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:6]))
