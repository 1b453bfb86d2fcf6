"""What a request says, read and checked, before any resource acts on it."""
