"""Stops calling a system that keeps failing, and finds out when it is back."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.kernel.errors import UnavailableError


class CircuitOpenError(UnavailableError):
    """The call was not made, because the last ones failed. ``retry_after_seconds`` tells when one is let through."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    opened_at: float | None = None
    probing: bool = False


class CircuitBreaker:
    """One circuit per key: opens after consecutive failures, later lets exactly one probe through at a time.

    Args:
        counts: tells whether an error says that the system is ill. Others (a 4xx, say) show that it answers, and
            close the circuit like a success.
        failure_threshold: consecutive failures that open it.
        open_seconds: how long it stays open before a probe is let through.
        monotonic: clock in seconds.
    """

    def __init__(
        self,
        *,
        counts: Callable[[Exception], bool],
        failure_threshold: int = 5,
        open_seconds: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counts = counts
        self._failure_threshold = failure_threshold
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._circuits: dict[str, _Circuit] = {}

    @asynccontextmanager
    async def guarding(self, key: str) -> AsyncIterator[None]:
        """Run the body under the key's circuit.

        Raises:
            CircuitOpenError: the circuit is open, or half-open with its probe under way; the body did not run.
        """
        circuit = self._circuits.setdefault(key, _Circuit())
        is_probe = self._admit(circuit)
        try:
            yield
        except Exception as error:
            self._note(circuit, is_probe=is_probe, failed=self._counts(error))
            raise
        except BaseException:
            # Cancelled: says nothing about the system, but must not keep the next probe out.
            circuit.probing = circuit.probing and not is_probe
            raise
        self._note(circuit, is_probe=is_probe, failed=False)

    def forget(self, key: str) -> None:
        """Start over with this key. A call under way no longer matters to it."""
        self._circuits.pop(key, None)

    def _admit(self, circuit: _Circuit) -> bool:
        if circuit.opened_at is None:
            return False
        left = circuit.opened_at + self._open_seconds - self._monotonic()
        if left > 0:
            raise CircuitOpenError("the last calls failed, the next one is made later", left)
        if circuit.probing:
            raise CircuitOpenError("the last calls failed, one call is finding out whether it is back", 1.0)
        circuit.probing = True
        return True

    def _note(self, circuit: _Circuit, *, is_probe: bool, failed: bool) -> None:
        if circuit.opened_at is not None and not is_probe:
            return  # A straggler from before it opened: only the probe decides.
        circuit.probing = False
        if not failed:
            circuit.failures = 0
            circuit.opened_at = None
            return
        circuit.failures += 1
        if is_probe or circuit.failures >= self._failure_threshold:
            circuit.opened_at = self._monotonic()
