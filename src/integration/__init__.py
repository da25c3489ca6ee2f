"""Adapters: everything that talks to a database, a network, a scheduler or a terminal, named technology first."""
