"""Webhooks: who outside wants to hear which facts, and where."""
