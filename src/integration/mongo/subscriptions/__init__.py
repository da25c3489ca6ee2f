"""Who reads the log: subscribers and read models, their checkpoints, parked events and rebuilds."""
