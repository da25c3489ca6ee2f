"""Holding files and stored specimens against rules, and noticing when it gets worse."""
