"""Webhooks: who is called for which event, with what, and what may be seen of it."""
