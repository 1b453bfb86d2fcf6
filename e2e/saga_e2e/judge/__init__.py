"""What a played scenario proves: evidence, invariants, doubts (pure)."""
