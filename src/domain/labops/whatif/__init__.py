"""What a laboratory would do if it had other machines, other failures, or more work."""
