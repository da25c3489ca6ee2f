"""What can be done with records: list, look, write, remove, compare; tasks and what happens to them; typed kinds."""
