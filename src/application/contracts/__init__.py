"""The only doorway between contexts: facts and ports that another context may use."""
