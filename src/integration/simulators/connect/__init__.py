"""A simulated CommCare Connect: ``python -m integration.simulators.connect --help``."""
