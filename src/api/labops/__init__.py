"""Lab operations over HTTP."""
