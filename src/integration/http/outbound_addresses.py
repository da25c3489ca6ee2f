"""The address policy behind the port that use cases ask."""

import asyncio

from application.kernel.addresses import OutboundAddresses
from integration.http.address_policy import AddressPolicy
from integration.http.errors import AddressNotAllowedError

RESOLVE_SECONDS = 5.0
"""A name that takes longer passes as one that does not resolve does: every connect checks again."""


class PolicedOutboundAddresses(OutboundAddresses):
    """Answers by the policy that every call goes through anyway."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def objection_async(self, url: str) -> str | None:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await self._policy.check_url_async(url)
        except AddressNotAllowedError as error:
            return f"is not allowed: {error}"
        except TimeoutError:
            return None
        return None
