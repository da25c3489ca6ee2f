"""The dashboard: pages, and the files they are made of. Their data comes from the API, as anybody's does."""
