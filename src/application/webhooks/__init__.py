"""What can be done with webhooks: register, change, remove, look, ping, and the queueing of their deliveries."""
