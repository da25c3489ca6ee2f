"""A scope of the container for one piece of background work."""

from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from neuroglia.dependency_injection import ServiceProviderBase


def scope_of(services: ServiceProviderBase) -> AbstractAsyncContextManager[ServiceProviderBase]:
    """Open a scope; what it built is disposed when the ``async with`` ends."""
    # neuroglia leaves this method without types.
    untyped = cast(Any, services)
    return cast(AbstractAsyncContextManager[ServiceProviderBase], untyped.create_async_scope())
