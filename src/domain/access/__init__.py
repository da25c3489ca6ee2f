"""Who there is and who belongs where, where this installation decides that itself."""
