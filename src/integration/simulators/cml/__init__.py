"""A simulated Cisco Modeling Labs controller: ``python -m integration.simulators.cml --help``."""
