"""Simulated webhooks of Microsoft Teams: ``python -m integration.simulators.teams --help``."""
