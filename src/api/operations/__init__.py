"""What operators look at: jobs and their runs, subscriptions, read models, the event stream, health and metrics."""
