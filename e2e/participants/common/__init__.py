"""What the reference participants share: start-up, database, step ledger, replies. Nothing here knows a participant."""
