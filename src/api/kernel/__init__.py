"""What every controller shares: the application builder, problem details, who may, retries, paging, event streams."""
