"""Leases with fencing tokens and the election of one leader among processes."""
