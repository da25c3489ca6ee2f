"""The container, and each defect of neuroglia's own that it replaces: the stock one is shown to have it still."""

from typing import Generic, Optional, TypeVar

import pytest
from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.hosting.abstractions import ApplicationBuilderBase, HostedService

from api.kernel.builder import LabkeeperWebApplicationBuilder
from application.kernel.services import LabkeeperServiceCollection, ServiceResolutionError

T = TypeVar("T")
K = TypeVar("K")


class Engine:
    pass


class Car:
    def __init__(self, engine: Optional[Engine] = None, doors: int = 5) -> None:  # noqa: UP045  both spellings are tried
        self.engine = engine
        self.doors = doors


class Boat:
    def __init__(self, engine: Engine | None) -> None:
        self.engine = engine


class Needy:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine


class Outer:
    def __init__(self, needy: Needy) -> None:
        self.needy = needy


class Left:
    def __init__(self, right: "Right") -> None:
        self.right = right


class Right:
    def __init__(self, left: Left) -> None:
        self.left = left


class Closing:
    closed: list[str]

    def __init__(self) -> None:
        self.closed = []

    async def __aexit__(self, *_: object) -> None:
        self.closed.append("exit")

    async def __aenter__(self) -> "Closing":
        return self

    def dispose(self) -> None:
        self.closed.append("dispose")


class Repository(Generic[T, K]):
    pass


class Options(Generic[T]):
    pass


class MemoryRepository(Repository[T, K]):
    def __init__(self, options: Options[T]) -> None:
        self.options = options


class CarRepository(MemoryRepository[Car, str]):
    pass


class Consumer:
    def __init__(self, cars: Repository[Car, str]) -> None:
        self.cars = cars


@pytest.fixture
def services() -> LabkeeperServiceCollection:
    return LabkeeperServiceCollection()


def test_constructor_defaults_stay_where_the_stock_container_puts_none(services: LabkeeperServiceCollection) -> None:
    stock = ServiceCollection().add_singleton(Engine).add_singleton(Car).build().get_service(Car)
    assert (stock.engine, stock.doors) == (None, None)
    car = services.add_singleton(Engine).add_singleton(Car).build().get_service(Car)
    assert isinstance(car.engine, Engine)
    assert car.doors == 5


def test_an_optional_parameter_gets_none_only_when_nothing_is_registered(services: LabkeeperServiceCollection) -> None:
    assert services.add_singleton(Boat).build().get_service(Boat).engine is None
    services.add_singleton(Engine)
    assert isinstance(services.build().get_service(Boat).engine, Engine)


def test_a_singleton_is_built_once_where_the_stock_scope_builds_it_again(services: LabkeeperServiceCollection) -> None:
    stock = ServiceCollection().add_singleton(Engine).build()
    assert (
        len({id(stock.create_scope().get_services(Engine)[0]) for _ in range(1)} | {id(stock.get_service(Engine))}) == 1
    )
    scope = ServiceCollection().add_singleton(Engine).build().create_scope()
    assert scope.get_services(Engine)[0] is not scope.get_services(Engine)[0]
    ours = services.add_singleton(Engine).build()
    first = ours.create_scope().get_services(Engine)
    assert first == ours.create_scope().get_services(Engine) == [ours.get_service(Engine)]


def test_scoped_services_do_not_multiply_in_one_scope(services: LabkeeperServiceCollection) -> None:
    stock = ServiceCollection()
    stock.add_scoped(Engine, Engine).add_scoped(Engine, Engine)
    stock_scope = stock.build().create_scope()
    assert [len(stock_scope.get_services(Engine)) for _ in range(3)] != [2, 2, 2]
    services.add_scoped(Engine).add_scoped(Engine)
    scope = services.build().create_scope()
    assert [len(scope.get_services(Engine)) for _ in range(3)] == [2, 2, 2]
    assert scope.get_services(Engine) == scope.get_services(Engine)


def test_a_factory_without_annotation_is_not_skipped(services: LabkeeperServiceCollection) -> None:
    class First(HostedService):
        pass

    class Second(HostedService):
        pass

    stock = ServiceCollection().add_singleton(HostedService, First)
    stock.add_singleton(HostedService, implementation_factory=lambda _: Second())
    assert [type(service) for service in stock.build().get_services(HostedService)] == [First]
    services.add_singleton(HostedService, First)
    services.add_singleton(HostedService, implementation_factory=lambda _: Second())
    assert [type(service) for service in services.build().get_services(HostedService)] == [First, Second]


def test_a_base_registered_after_its_subclass_is_not_skipped(services: LabkeeperServiceCollection) -> None:
    class Special(HostedService):
        pass

    stock = (
        ServiceCollection().add_singleton(HostedService, Special).add_singleton(HostedService, HostedService).build()
    )
    assert len(stock.get_services(HostedService)) == 1
    services.add_singleton(HostedService, Special).add_singleton(HostedService, HostedService)
    assert len(services.build().get_services(HostedService)) == 2


def test_a_transient_that_cannot_be_built_is_an_error_and_not_left_out(services: LabkeeperServiceCollection) -> None:
    assert ServiceCollection().add_transient(Needy).build().create_scope().get_services(Needy) == []
    scope = services.add_transient(Needy).build().create_scope()
    with pytest.raises(ServiceResolutionError, match="Needy needs engine: Engine, which is not registered"):
        scope.get_services(Needy)


def test_an_error_names_the_chain_that_led_to_it(services: LabkeeperServiceCollection) -> None:
    provider = services.add_transient(Outer).add_transient(Needy).build()
    with pytest.raises(ServiceResolutionError, match="Outer -> Needy needs engine"):
        provider.get_service(Outer)


def test_an_error_of_a_factory_rises_as_it_is(services: LabkeeperServiceCollection) -> None:
    def broken(_: object) -> Engine:
        raise OSError("no spark")

    with pytest.raises(OSError, match="no spark"):
        services.add_singleton(Engine, implementation_factory=broken).build().get_services(Engine)


def test_a_circle_is_named_where_the_stock_container_runs_out_of_stack(services: LabkeeperServiceCollection) -> None:
    with pytest.raises(RecursionError):
        ServiceCollection().add_singleton(Left).add_singleton(Right).build().get_service(Left)
    with pytest.raises(ServiceResolutionError, match="Left -> Right -> Left depends on itself"):
        services.add_singleton(Left).add_singleton(Right).build().get_service(Left)


def test_after_a_failed_resolution_the_next_one_starts_afresh(services: LabkeeperServiceCollection) -> None:
    provider = services.add_transient(Outer).add_transient(Needy).add_singleton(Car).build()
    for _ in range(2):
        with pytest.raises(ServiceResolutionError, match=r"^Outer -> Needy needs"):
            provider.get_service(Outer)
    assert provider.get_service(Car).doors == 5


async def test_a_child_scope_is_one_of_its_own(services: LabkeeperServiceCollection) -> None:
    stock = ServiceCollection().add_scoped(Closing).build().create_scope()
    assert stock.create_scope() is stock
    parent = services.add_scoped(Closing).build().create_scope()
    kept = parent.get_service(Closing)
    child = parent.create_scope()
    assert child.get_service(Closing) is not kept
    await child.dispose_async()
    assert kept.closed == []
    assert parent.get_service(Closing) is kept


async def test_a_scope_closes_what_it_built_once_where_the_stock_scope_does_it_twice(
    services: LabkeeperServiceCollection,
) -> None:
    stock_scope = ServiceCollection().add_scoped(Closing).build().create_scope()
    stock = stock_scope.get_service(Closing)
    await stock_scope.dispose_async()  # type: ignore[attr-defined]  # the stock base class does not declare it
    assert stock.closed == ["exit", "dispose"]
    scope = services.add_scoped(Closing).build().create_scope()
    ours = scope.get_service(Closing)
    await scope.dispose_async()
    await scope.dispose_async()
    assert len(ours.closed) == 1


async def test_what_a_factory_returned_is_left_to_whoever_made_it(services: LabkeeperServiceCollection) -> None:
    shared = Closing()
    stock_scope = (
        ServiceCollection().add_scoped(Closing, implementation_factory=lambda _: shared).build().create_scope()
    )
    stock_scope.get_service(Closing)
    await stock_scope.dispose_async()  # type: ignore[attr-defined]  # the stock base class does not declare it
    assert shared.closed
    shared.closed.clear()
    scope = services.add_scoped(Closing, implementation_factory=lambda _: shared).build().create_scope()
    scope.get_service(Closing)
    await scope.dispose_async()
    assert shared.closed == []


async def test_the_root_closes_its_singletons_where_the_stock_root_closes_nothing(
    services: LabkeeperServiceCollection,
) -> None:
    stock = ServiceCollection().add_singleton(Closing).build()
    forgotten = stock.get_service(Closing)
    stock.dispose()  # type: ignore[attr-defined]  # the stock base class does not declare it
    assert forgotten.closed == []
    root = services.add_singleton(Closing).build()
    singleton = root.create_scope().get_service(Closing)
    await root.dispose_async()
    assert len(singleton.closed) == 1


def test_closing_synchronously_what_closes_asynchronously_is_refused(services: LabkeeperServiceCollection) -> None:
    scope = services.add_scoped(Closing).build().create_scope()
    scope.get_service(Closing)
    with pytest.raises(ServiceResolutionError, match="dispose_async"):
        scope.dispose()


def test_a_scoped_service_is_refused_outside_a_scope_and_inside_a_singleton(
    services: LabkeeperServiceCollection,
) -> None:
    provider = services.add_scoped(Engine).add_singleton(Needy).build()
    with pytest.raises(ServiceResolutionError, match="Engine is scoped"):
        provider.get_service(Engine)
    with pytest.raises(ServiceResolutionError, match="Needy -> Engine is scoped"):
        provider.create_scope().get_service(Needy)


def test_generic_service_types_are_told_apart_and_their_constructors_understood(
    services: LabkeeperServiceCollection,
) -> None:
    services.add_singleton(Options[Car], singleton=Options())
    services.add_singleton(Repository[Car, str], MemoryRepository[Car, str])
    services.add_singleton(CarRepository).add_transient(Consumer)
    provider = services.build()
    assert isinstance(provider.get_service(Consumer).cars, MemoryRepository)
    assert provider.get_service(CarRepository).options is provider.get_service(Options[Car])
    assert provider.get_service(Repository[Boat, str]) is None


def test_the_first_registration_is_the_one_that_is_given(services: LabkeeperServiceCollection) -> None:
    first, second = Engine(), Engine()
    provider = services.add_singleton(Engine, singleton=first).add_singleton(Engine, singleton=second).build()
    assert provider.get_service(Engine) is first
    assert provider.get_services(Engine) == [first, second]


def test_two_builders_share_nothing_where_stock_builders_share_all() -> None:
    class StockBuilder(ApplicationBuilderBase):
        pass

    assert StockBuilder().services is StockBuilder().services
    one, other = LabkeeperWebApplicationBuilder(), LabkeeperWebApplicationBuilder()
    one.services.add_singleton(Engine)
    assert one.services is not other.services
    assert other.services.build().get_service(Engine) is None
