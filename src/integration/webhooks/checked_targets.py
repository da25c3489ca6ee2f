"""Addresses that a webhook must not point at, by the policy that also guards every connection."""

import asyncio

from application.webhooks.ports import TargetAddresses
from integration.http.address_policy import AddressPolicy
from integration.http.errors import AddressNotAllowedError

RESOLVE_SECONDS = 5.0


class CheckedTargets(TargetAddresses):
    """A host name that does not resolve (in time) passes: the check is repeated at every connection."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def objection_async(self, url: str) -> str | None:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await self._policy.check_url_async(url)
        except AddressNotAllowedError as error:
            return f"must not be called: {error.why}"
        except TimeoutError:
            return None
        return None
