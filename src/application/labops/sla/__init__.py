"""What is promised: limits of turn-around."""
