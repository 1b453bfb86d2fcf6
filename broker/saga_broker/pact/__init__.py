"""Pacts as documents: content sha, ids, differences, merging (pure)."""
