"""What the running program tells about itself: logs, traces, metrics, health. Secrets are taken out of all of it."""
