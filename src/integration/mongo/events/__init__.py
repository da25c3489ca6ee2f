"""The event log: one document per commit, densely numbered, written by one group commit per process."""
