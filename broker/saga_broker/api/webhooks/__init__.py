"""Webhooks: written, read, tried, and what became of their calls."""
