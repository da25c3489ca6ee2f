"""A simulated Open Chat Studio: ``python -m integration.simulators.ocs --help``."""
