"""One resilient way to call other systems over HTTP."""
