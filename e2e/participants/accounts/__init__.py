"""`accounts` opens accounts for addresses, one for each, and removes them."""
