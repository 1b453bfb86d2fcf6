"""What is known: the broker."""
