"""How a call is written and how its reply is read (pure)."""
