"""Specimens one by one and in bulk, and what is known of each."""
