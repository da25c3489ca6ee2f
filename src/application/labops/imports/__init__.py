"""Specimens out of files: kept as they came, taken row by row, every bad row told."""
