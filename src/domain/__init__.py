"""Decisions: aggregates, their events and the ports they need. Imports neuroglia's base classes and nothing outside."""
