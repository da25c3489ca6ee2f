"""Rules that data of a laboratory should keep, and what is found when they do not."""
