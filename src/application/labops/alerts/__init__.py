"""Alerts: rules, their evaluation, the channels that are told, and what they are told."""
