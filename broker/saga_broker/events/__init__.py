"""What happens in a broker, as values: written with the change itself, and told afterwards to whom it concerns."""
