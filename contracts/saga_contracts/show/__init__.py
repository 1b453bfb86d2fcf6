"""Sagas, cases and decks as words and pictures (pure)."""
