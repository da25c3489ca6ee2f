"""The mediator, and each defect of neuroglia's own that it replaces: the stock one is shown to have it still."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from neuroglia.core import OperationResult
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.mediation.mediator import Command, CommandHandler, Mediator, NotificationHandler
from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from api.kernel.problems import RefusedError
from application.kernel.behaviours import register_behaviours
from application.kernel.handlers import HandlerRegistrationError, register_handler, register_handlers
from application.kernel.mediator import LabkeeperMediator
from application.kernel.refusals import invalid
from application.kernel.services import LabkeeperServiceCollection, ServiceResolutionError
from domain.kernel.errors import DomainError, UnavailableError


@dataclass(frozen=True, kw_only=True)
class PaintCommand(Command[OperationResult[str]]):
    fail: BaseException | None = None


@dataclass(frozen=True, kw_only=True)
class NestedCommand(Command[OperationResult[str]]):
    pass


class Session:
    def __init__(self) -> None:
        self.closed = False

    async def dispose_async(self) -> None:
        self.closed = True


class PaintCommandHandler(CommandHandler[PaintCommand, OperationResult[str]]):
    def __init__(self, session: Session) -> None:
        self._session = session

    async def handle_async(self, request: PaintCommand) -> OperationResult[str]:
        if request.fail:
            raise request.fail
        result: OperationResult[str] = self.ok("painted")
        seen.append(self._session)
        return result


class NestedCommandHandler(CommandHandler[NestedCommand, OperationResult[str]]):
    def __init__(self, mediator: Mediator, session: Session) -> None:
        self._mediator = mediator
        self._session = session

    async def handle_async(self, request: NestedCommand) -> OperationResult[str]:
        seen.append(self._session)
        return await mediator_of(self._mediator).execute_async(PaintCommand())


class Fact:
    pass


class SpecialFact(Fact):
    pass


class HearsFacts(NotificationHandler[Fact]):
    async def handle_async(self, notification: Fact) -> None:
        seen.append(("fact", type(notification).__name__))


class HearsSpecialFacts(NotificationHandler[SpecialFact]):
    async def handle_async(self, notification: SpecialFact) -> None:
        seen.append(("special", type(notification).__name__))


class FailsOnFacts(NotificationHandler[Fact]):
    async def handle_async(self, notification: Fact) -> None:
        raise OSError("deaf")


class Missing:
    pass


class Guard(PipelineBehavior[Any, Any]):
    def __init__(self, missing: Missing) -> None:
        self.missing = missing

    async def handle_async(self, request: Any, next_handler: Callable[[], Any]) -> Any:
        raise PermissionError


def recording(name: str) -> type[PipelineBehavior[Any, Any]]:
    class Recording(PipelineBehavior[Any, Any]):
        async def handle_async(self, request: Any, next_handler: Callable[[], Any]) -> Any:
            seen.append(name)
            return await next_handler()

    return Recording


seen: list[Any] = []


def mediator_of(mediator: Mediator) -> LabkeeperMediator:
    assert isinstance(mediator, LabkeeperMediator)
    return mediator


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    seen.clear()
    yield
    Mediator._handler_registry.clear()


@pytest.fixture
def services() -> LabkeeperServiceCollection:
    collection = LabkeeperServiceCollection()
    collection.add_singleton(Mediator, LabkeeperMediator).add_scoped(Session)
    for handler in (PaintCommandHandler, NestedCommandHandler):
        register_handler(collection, handler)
    return collection


def stock_services() -> ServiceCollection:
    collection = ServiceCollection().add_singleton(Mediator).add_scoped(Session)
    for request, handler in ((PaintCommand, PaintCommandHandler), (NestedCommand, NestedCommandHandler)):
        collection.add_scoped(handler)
        Mediator._handler_registry[request] = handler
    return collection


def built(services: ServiceCollection) -> LabkeeperMediator:
    return mediator_of(services.build().get_required_service(Mediator))


async def test_a_behaviour_that_cannot_be_built_stops_the_command_where_the_stock_mediator_executes_it(
    services: LabkeeperServiceCollection,
) -> None:
    stock = stock_services().add_scoped(PipelineBehavior, Guard).build().get_required_service(Mediator)
    assert (await stock.execute_async(PaintCommand())).status == 200
    seen.clear()
    mediator = built(services.add_scoped(PipelineBehavior, Guard))
    with pytest.raises(ServiceResolutionError, match="Guard needs missing: Missing"):
        await mediator.execute_async(PaintCommand())
    assert seen == []


async def test_behaviours_run_in_the_order_of_registration_whatever_their_lifetime(
    services: LabkeeperServiceCollection,
) -> None:
    names = ["transient", "singleton", "scoped"]

    def add(collection: ServiceCollection) -> ServiceCollection:
        collection.add_transient(PipelineBehavior, recording("transient"))
        collection.add_singleton(PipelineBehavior, recording("singleton"))
        return collection.add_scoped(PipelineBehavior, recording("scoped"))

    await add(stock_services()).build().get_required_service(Mediator).execute_async(PaintCommand())
    assert [entry for entry in seen if isinstance(entry, str)] != names
    seen.clear()
    await built(add(services)).execute_async(PaintCommand())
    assert [entry for entry in seen if isinstance(entry, str)] == names


async def test_a_nested_command_shares_the_scope_and_the_scope_closes_with_the_outer_one(
    services: LabkeeperServiceCollection,
) -> None:
    await built(services).execute_async(NestedCommand())
    outer, inner = seen
    assert outer is inner
    assert outer.closed


async def test_two_commands_one_after_the_other_do_not_share_a_scope(services: LabkeeperServiceCollection) -> None:
    mediator = built(services)
    await mediator.execute_async(PaintCommand())
    await mediator.execute_async(PaintCommand())
    assert seen[0] is not seen[1]
    assert all(session.closed for session in seen)


async def test_concurrent_commands_have_scopes_of_their_own(services: LabkeeperServiceCollection) -> None:
    mediator = built(services)
    await asyncio.gather(*(mediator.execute_async(PaintCommand()) for _ in range(20)))
    assert len({id(session) for session in seen}) == 20


async def test_work_that_outlives_its_command_gets_a_scope_that_is_open(services: LabkeeperServiceCollection) -> None:
    background: list[asyncio.Task[OperationResult[str]]] = []

    class Starts(PipelineBehavior[Any, Any]):
        def __init__(self, mediator_provider: Later) -> None:
            self._later = mediator_provider

        async def handle_async(self, request: Any, next_handler: Callable[[], Any]) -> Any:
            if isinstance(request, NestedCommand):
                background.append(asyncio.create_task(self._later.paint_async()))
            return await next_handler()

    services.add_singleton(Later).add_singleton(PipelineBehavior, Starts)
    provider = services.build()
    mediator = provider.get_required_service(Mediator)
    provider.get_required_service(Later).mediator = mediator
    await mediator.execute_async(NestedCommand())
    assert (await background[0]).data == "painted"
    assert all(session.closed for session in seen)


class Later:
    mediator: LabkeeperMediator

    async def paint_async(self) -> OperationResult[str]:
        await asyncio.sleep(0.01)
        return await self.mediator.execute_async(PaintCommand())


async def test_a_fact_reaches_handlers_of_its_bases_and_not_those_of_its_subclasses(
    services: LabkeeperServiceCollection,
) -> None:
    def add(collection: ServiceCollection) -> ServiceCollection:
        collection.add_transient(NotificationHandler, HearsFacts)
        return collection.add_transient(NotificationHandler, HearsSpecialFacts)

    stock = add(stock_services()).build().get_required_service(Mediator)
    await stock.publish_async(Fact())
    assert ("special", "Fact") in seen
    seen.clear()
    await stock.publish_async(SpecialFact())
    assert ("fact", "SpecialFact") not in seen
    seen.clear()
    mediator = built(add(services))
    await mediator.publish_async(Fact())
    assert seen == [("fact", "Fact")]
    seen.clear()
    await mediator.publish_async(SpecialFact())
    assert seen == [("fact", "SpecialFact"), ("special", "SpecialFact")]


async def test_a_handler_registered_twice_hears_a_fact_once(services: LabkeeperServiceCollection) -> None:
    stock = (
        stock_services().add_transient(NotificationHandler, HearsFacts).add_transient(NotificationHandler, HearsFacts)
    )
    await stock.build().get_required_service(Mediator).publish_async(Fact())
    assert len(seen) == 2
    seen.clear()
    services.add_transient(NotificationHandler, HearsFacts).add_transient(NotificationHandler, HearsFacts)
    await built(services).publish_async(Fact())
    assert len(seen) == 1


async def test_one_failing_handler_does_not_keep_the_fact_from_the_others(services: LabkeeperServiceCollection) -> None:
    services.add_transient(NotificationHandler, FailsOnFacts).add_transient(NotificationHandler, HearsFacts)
    with pytest.raises(ExceptionGroup) as caught:
        await built(services).publish_async(Fact())
    assert [type(error) for error in caught.value.exceptions] == [OSError]
    assert seen == [("fact", "Fact")]


async def test_a_notification_handler_with_a_missing_dependency_is_an_error_and_not_left_out(
    services: LabkeeperServiceCollection,
) -> None:
    class BrokenOnFacts(HearsFacts):
        def __init__(self, missing: Missing) -> None:
            self.missing = missing

    stock = stock_services().add_transient(NotificationHandler, BrokenOnFacts)
    await stock.build().get_required_service(Mediator).publish_async(Fact())
    services.add_transient(NotificationHandler, BrokenOnFacts)
    with pytest.raises(ExceptionGroup):
        await built(services).publish_async(Fact())


async def test_behaviours_do_not_wrap_facts(services: LabkeeperServiceCollection) -> None:
    services.add_singleton(PipelineBehavior, recording("behaviour")).add_transient(NotificationHandler, HearsFacts)
    await built(services).publish_async(Fact())
    assert seen == [("fact", "Fact")]


async def test_two_applications_in_one_process_do_not_share_handlers(services: LabkeeperServiceCollection) -> None:
    stock_services()
    assert PaintCommand in Mediator._handler_registry
    other = LabkeeperServiceCollection().add_singleton(Mediator, LabkeeperMediator)
    with pytest.raises(HandlerRegistrationError, match="nothing handles PaintCommand"):
        await built(other).execute_async(PaintCommand())
    assert (await built(services).execute_async(PaintCommand())).status == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnavailableError("gone", 7), 503),
        (DomainError("no"), 409),
        (OptimisticConcurrencyException("lab-1", 1, 2), 409),
    ],
)
async def test_expected_errors_become_refusals(
    services: LabkeeperServiceCollection, error: Exception, status: int
) -> None:
    register_behaviours(services)
    result = await built(services).execute_async(PaintCommand(fail=error))
    assert result.status == status
    assert getattr(result, "retry_after_seconds", None) == (7 if status == 503 else None)


async def test_an_unexpected_error_is_logged_once_and_rises(
    services: LabkeeperServiceCollection, caplog: pytest.LogCaptureFixture
) -> None:
    register_behaviours(services)
    register_behaviours(services)
    with pytest.raises(ZeroDivisionError):
        await built(services).execute_async(PaintCommand(fail=ZeroDivisionError()))
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_refusal_that_is_raised_rises_and_is_no_error_in_the_log(
    services: LabkeeperServiceCollection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    register_behaviours(services)
    with pytest.raises(RefusedError) as raised:
        await built(services).execute_async(PaintCommand(fail=RefusedError(invalid("color", "must be one"))))
    assert raised.value.status_code == 422
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.INFO] == []
    assert "PaintCommand is refused: color must be one" in caplog.text


HANDLER = """
from dataclasses import dataclass
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler
"""
COMMAND = "@dataclass\nclass SweepCommand(Command[OperationResult[str]]):\n    pass\n"
HANDLES = """
class {name}(CommandHandler[SweepCommand, OperationResult[str]]):
    async def handle_async(self, request):
        return self.ok("swept")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def make(**modules: str) -> str:
        name = f"sweeping_{tmp_path.name.replace('-', '_')}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        for module, text in modules.items():
            (tmp_path / name / f"{module}.py").write_text(text.replace("PACKAGE", name))
        made.append(name)
        return name

    yield make
    for name in [module for module in sys.modules if module.split(".")[0] in made]:
        del sys.modules[name]


async def test_handlers_are_found_in_a_package_with_an_empty_init_at_the_first_try(
    package: Callable[..., str], services: LabkeeperServiceCollection
) -> None:
    name = package(sweep=HANDLER + COMMAND + HANDLES.format(name="SweepCommandHandler"))
    register_handlers(services, name)
    command = sys.modules[f"{name}.sweep"].SweepCommand()
    assert (await built(services).execute_async(command)).data == "swept"


def test_a_module_that_cannot_be_imported_stops_the_start(
    package: Callable[..., str], services: LabkeeperServiceCollection
) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"):
        register_handlers(services, package(broken="import no_such_thing"))


def test_two_handlers_of_one_command_stop_the_start(
    package: Callable[..., str], services: LabkeeperServiceCollection
) -> None:
    text = HANDLER + COMMAND + HANDLES.format(name="FirstHandler") + HANDLES.format(name="SecondHandler")
    with pytest.raises(HandlerRegistrationError, match="SweepCommand has two handlers"):
        register_handlers(services, package(sweep=text))


def test_a_command_without_a_handler_stops_the_start(
    package: Callable[..., str], services: LabkeeperServiceCollection
) -> None:
    with pytest.raises(HandlerRegistrationError, match=r"no handler for .*SweepCommand"):
        register_handlers(services, package(sweep=HANDLER + COMMAND))


async def test_a_handler_that_two_modules_name_is_registered_once(
    package: Callable[..., str], services: LabkeeperServiceCollection
) -> None:
    text = HANDLER + COMMAND + HANDLES.format(name="SweepCommandHandler")
    name = package(sweep=text, again="from PACKAGE.sweep import SweepCommandHandler")
    register_handlers(services, name)
    register_handlers(services, name)
    handler = sys.modules[f"{name}.sweep"].SweepCommandHandler
    assert len([entry for entry in services if entry.service_type is handler]) == 1
