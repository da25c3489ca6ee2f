"""Stand-ins for other systems that speak real HTTP, for the demo and the tests."""
