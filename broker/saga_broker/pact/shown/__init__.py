"""A pact as people read it: its interactions of every kind and version, with their rules in words. Pure."""
