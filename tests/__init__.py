"""The tests of Labkeeper."""
