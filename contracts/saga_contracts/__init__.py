"""What must hold: sagas, their cases and their decks."""
