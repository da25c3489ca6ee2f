"""One running application and one simulated controller per module."""

from tests.http.labs.conftest import _module_cml, app, clock, cml, keeper

__all__ = ["_module_cml", "app", "clock", "cml", "keeper"]
