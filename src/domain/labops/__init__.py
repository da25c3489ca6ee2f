"""Lab operations: specimens on their way through machines, and what is promised about them."""
