"""What is measured: each metric is a class that says what it needs and how it is computed from the specimen table."""
