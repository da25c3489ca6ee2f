"""Running the installation: its jobs, subscriptions and read models."""
