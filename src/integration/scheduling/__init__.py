"""Jobs: when they run (APScheduler through neuroglia) and that each runs once across all processes."""
