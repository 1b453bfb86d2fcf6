"""What follows from a saga: slices, model, decks, cases, coverage (pure)."""
