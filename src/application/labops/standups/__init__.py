"""Stand-ups: what a team says of its day, and what a day of the laboratory was in figures."""
