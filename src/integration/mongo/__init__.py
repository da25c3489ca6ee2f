"""MongoDB: the only place that knows a driver."""
