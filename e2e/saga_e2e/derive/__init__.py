"""Scenarios and faults of a saga (pure)."""
