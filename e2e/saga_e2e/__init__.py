"""Does the whole saga hold: end-to-end runs."""
