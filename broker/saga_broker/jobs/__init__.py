"""Verification jobs: which an event makes, and how they go from one state to the next."""
