"""From a failing scenario to the smallest that fails alike, whose fault it is, and how to see it again (pure)."""
