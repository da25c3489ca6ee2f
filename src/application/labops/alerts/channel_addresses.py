"""Where the addresses of channels are: in the credential store, encrypted, for whoever has the URL may write there."""

from application.kernel.credentials import Credentials, CredentialStore


class ChannelAddresses:
    """The URLs of channels. Raises what the credential store raises."""

    def __init__(self, credentials: CredentialStore) -> None:
        self._credentials = credentials

    async def put_async(self, channel_id: str, url: str) -> None:
        """Keep a channel's URL, in place of an earlier one."""
        await self._credentials.put_async(_owner(channel_id), Credentials(channel_id, url))

    async def get_async(self, channel_id: str) -> str | None:
        """Return a channel's URL; None when there is none."""
        kept = await self._credentials.get_async(_owner(channel_id))
        return None if kept is None else kept.password

    async def remove_async(self, channel_id: str) -> None:
        """Forget a channel's URL."""
        await self._credentials.remove_async(_owner(channel_id))


def _owner(channel_id: str) -> str:
    return f"alert-channel:{channel_id}"
