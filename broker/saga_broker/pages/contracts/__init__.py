"""Pages about contracts: integrations, pacts, their changes, results."""
