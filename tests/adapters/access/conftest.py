"""A simulated Connect per module."""

from tests.support.connect import _module_connect, connect

__all__ = ["_module_connect", "connect"]
