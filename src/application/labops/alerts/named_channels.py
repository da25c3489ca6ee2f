"""Channels that a rule names must be there."""

from collections.abc import Sequence

from domain.labops.alert_repositories import AlertChannelRepository


async def unknown_channel_async(channels: AlertChannelRepository, ids: Sequence[str]) -> str | None:
    """Return the first id that no channel has; None when all are there."""
    for channel_id in ids:
        channel = await channels.get_async(channel_id)
        if channel is None or channel.state.removed:
            return channel_id
    return None
