"""The resources about pacts: publishing and reading them, their lists and changes, what a provider has to verify."""
