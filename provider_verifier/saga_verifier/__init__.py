"""Does one participant keep its word: the provider verifier."""
