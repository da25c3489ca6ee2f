"""What every context's domain shares: the event and aggregate bases, errors and the clock."""
