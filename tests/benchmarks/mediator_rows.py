"""The mediator against neuroglia's own, each on its own container, set up the same way."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.mediation.mediator import Command, CommandHandler, Mediator, NotificationHandler
from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from application.kernel.handlers import register_handler
from application.kernel.mediator import LabkeeperMediator
from application.kernel.services import LabkeeperServiceCollection
from tests.benchmarks.measuring import Reading, Row, alternating

SERVICES, HANDLERS = 300, 100


@dataclass(frozen=True)
class IdleCommand(Command[OperationResult[None]]):
    """Asks for nothing."""


class IdleCommandHandler(CommandHandler[IdleCommand, OperationResult[None]]):
    async def handle_async(self, request: IdleCommand) -> OperationResult[None]:
        return OperationResult("OK", 200)


class HeardFact:
    """What one handler waits for."""


class HearsIt(NotificationHandler[HeardFact]):
    async def handle_async(self, notification: HeardFact) -> None:
        """Hear it."""


def _behaviour(number: int) -> type[PipelineBehavior[Any, Any]]:
    class PassingOn(PipelineBehavior[Any, Any]):
        async def handle_async(self, request: Any, next_handler: Callable[[], Awaitable[Any]]) -> Any:
            return await next_handler()

    PassingOn.__name__ = f"PassingOn{number}"
    return PassingOn


def _deaf(number: int) -> type[NotificationHandler[Any]]:
    fact = type(f"OtherFact{number}", (), {})

    class Deaf(NotificationHandler[fact]):  # type: ignore[valid-type]  # one class per handler, made here
        async def handle_async(self, notification: Any) -> None:
            raise AssertionError("this fact is for somebody else")

    return Deaf


_SERVICES = [type(f"Service{number}", (), {}) for number in range(SERVICES)]
_BEHAVIOURS = [_behaviour(number) for number in range(3)]
_DEAF = [_deaf(number) for number in range(HANDLERS - 1)]


def _fill(services: ServiceCollection) -> None:
    for service in _SERVICES:
        services.add_singleton(service)
    for behaviour in _BEHAVIOURS:
        services.add_scoped(PipelineBehavior, behaviour)


def _ours(handlers: list[type[Any]]) -> Mediator:
    services = LabkeeperServiceCollection()
    _fill(services)
    services.add_singleton(Mediator, LabkeeperMediator)
    for handler in handlers:
        register_handler(services, handler)
    mediator: Mediator = services.build().get_required_service(Mediator)
    return mediator


def _stock(handlers: list[type[Any]]) -> Mediator:
    logging.getLogger("neuroglia").setLevel(logging.WARNING)
    services = ServiceCollection()
    _fill(services)
    services.add_singleton(Mediator)
    for handler in handlers:
        if issubclass(handler, NotificationHandler):
            services.add_transient(NotificationHandler, handler)
        else:
            services.add_transient(handler, handler)
            Mediator._handler_registry[IdleCommand] = handler
    mediator: Mediator = services.build().get_required_service(Mediator)
    return mediator


async def _rate(call: Callable[[], Awaitable[Any]], seconds: float) -> float:
    calls = 0
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        await call()
        calls += 1
    return calls / passed


async def _execute(_uri: str) -> Reading:
    ours, stock = _ours([IdleCommandHandler]), _stock([IdleCommandHandler])
    command = IdleCommand()
    assert (await ours.execute_async(command)).status == (await stock.execute_async(command)).status == 200
    return await alternating(
        lambda: _rate(lambda: ours.execute_async(command), 0.5),
        lambda: _rate(lambda: stock.execute_async(command), 0.5),
        rounds=5,
    )


async def _publish(_uri: str) -> Reading:
    handlers: list[type[Any]] = [*_DEAF, HearsIt]
    ours, stock = _ours(handlers), _stock(handlers)
    fact = HeardFact()
    return await alternating(
        lambda: _rate(lambda: ours.publish_async(fact), 0.5),
        lambda: _rate(lambda: stock.publish_async(fact), 0.5),
        rounds=5,
    )


ROWS = (
    Row("mediator_execute_vs_stock", 15, "higher", "calls/s", _execute),
    Row("mediator_publish_vs_stock", 500, "higher", "facts/s", _publish),
)
