"""Channels and the rules that name them."""

from collections.abc import Iterable

from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository
from domain.labops.alert_rule import AlertRule


async def unknown_channel_async(channels: AlertChannelRepository, ids: Iterable[str]) -> str | None:
    """Return the first id that no channel has; None when all are there."""
    for channel_id in ids:
        if not await _is_there_async(channels, channel_id):
            return channel_id
    return None


async def known_channels_async(channels: AlertChannelRepository, rules: Iterable[AlertRule]) -> frozenset[str]:
    """Return the channels that rules name and that are there: old rules may name some that are not."""
    named = {channel_id for rule in rules for channel_id in rule.state.details.channels}
    return frozenset([channel_id for channel_id in sorted(named) if await _is_there_async(channels, channel_id)])


async def rules_naming_async(rules: AlertRuleRepository, channel_id: str) -> list[AlertRule]:
    """Return the rules that name a channel, in the order of their definition; those that are not active, too."""
    naming = [
        rule
        for rule in await rules.get_all_async()
        if not rule.state.removed and channel_id in rule.state.details.channels
    ]
    return sorted(naming, key=lambda rule: (rule.state.created_at, rule.state.id))


async def _is_there_async(channels: AlertChannelRepository, channel_id: str) -> bool:
    channel = await channels.get_async(channel_id)
    return channel is not None and not channel.state.removed
