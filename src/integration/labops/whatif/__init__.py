"""Simulations of the laboratory: the model on simpy, its processes, and the record of the runs."""
