"""Use cases: listing a context's folder reads as the list of what it can do."""
