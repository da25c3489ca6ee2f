"""The analytic read model: each process follows the log for itself and keeps Parquet files that DuckDB reads."""
