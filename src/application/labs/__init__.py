"""Use cases of the labs context, and the ports that they need."""
