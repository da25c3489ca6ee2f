"""How far the readers of this process are behind, as a metric.

OpenTelemetry never forgets a gauge: one per application would keep each that ended, and go on telling of it.
"""

from collections.abc import Iterable
from typing import Protocol

from opentelemetry.metrics import CallbackOptions, Observation, get_meter


class Followers(Protocol):
    """Readers of one application."""

    def lags(self) -> dict[str, int]:
        """Return how many commits lie between what each reader has read and the end of its log, by name."""
        ...


_followers: list[Followers] = []


def _observed(_options: CallbackOptions) -> Iterable[Observation]:
    furthest: dict[str, int] = {}
    for followers in tuple(_followers):
        for name, lag in followers.lags().items():
            furthest[name] = max(lag, furthest.get(name, 0))
    return [Observation(lag, {"subscription": name}) for name, lag in furthest.items()]


get_meter("labkeeper").create_observable_gauge(
    "labkeeper.subscription.lag",
    [_observed],
    description="Commits between what a reader of this process has read and the end of its log",
)


def measure(followers: Followers) -> None:
    """Tell of these readers from now on."""
    if followers not in _followers:
        _followers.append(followers)


def forget(followers: Followers) -> None:
    """Tell no more of them."""
    if followers in _followers:
        _followers.remove(followers)
