"""Can a saga run: what is known (`model`), what deck results show (`decks`), the rule, and its reasons. Pure."""
