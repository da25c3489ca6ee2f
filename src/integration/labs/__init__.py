"""Adapters of the labs context."""
