"""Fixtures of simulated systems."""

from tests.support.cml import _module_cml, cml, cml_factory
from tests.support.connect import _module_connect, connect, connect_factory

__all__ = ["_module_cml", "_module_connect", "cml", "cml_factory", "connect", "connect_factory"]
