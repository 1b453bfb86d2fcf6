"""What was really called, held against the published contracts (pure): values, interactions, the comparison."""
