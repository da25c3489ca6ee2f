"""Benchmarks: each row is a ratio of ours to a plain baseline measured in the same run. Started by ``make bench``."""
