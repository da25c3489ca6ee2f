"""Lab operations on MongoDB, Parquet and DuckDB."""
