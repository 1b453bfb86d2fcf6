"""The rules of what a saga file says of events, each broken one with its path, its reason and its mend (pure)."""
