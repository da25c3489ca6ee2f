"""Records, tasks and typed kinds over HTTP, and the system of record's own API for its clients."""
