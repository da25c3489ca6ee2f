"""The webhooks context's adapters, its delivery worker and its wiring."""
