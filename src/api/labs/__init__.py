"""Workers and labs over HTTP."""
