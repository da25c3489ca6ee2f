"""What can be done in lab operations: take specimens in, measure, raise alerts, check data, ask what if."""
