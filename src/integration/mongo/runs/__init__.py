"""The history of job runs."""
