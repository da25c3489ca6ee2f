"""Fixtures of simulated controllers."""

from tests.support.cml import _module_cml, cml, cml_factory

__all__ = ["_module_cml", "cml", "cml_factory"]
