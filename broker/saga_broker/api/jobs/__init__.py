"""Verification jobs: announced versions, the queue, and the workers that take from it."""
