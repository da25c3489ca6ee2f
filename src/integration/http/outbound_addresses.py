"""The address policy behind the port that use cases ask."""

from application.kernel.addresses import OutboundAddresses
from integration.http.address_policy import AddressPolicy
from integration.http.errors import AddressNotAllowedError


class PolicedOutboundAddresses(OutboundAddresses):
    """Answers by the policy that every call goes through anyway."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def objection_async(self, url: str) -> str | None:
        try:
            await self._policy.check_url_async(url)
        except AddressNotAllowedError as error:
            return f"is not allowed: {error}"
        return None
