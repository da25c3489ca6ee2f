"""The records context against MongoDB and the system of record."""
