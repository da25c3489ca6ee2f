"""Logging in, and the administration of users, organisations and memberships."""
