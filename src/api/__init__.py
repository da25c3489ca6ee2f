"""The HTTP interface: controllers, and what they share in ``kernel``."""
