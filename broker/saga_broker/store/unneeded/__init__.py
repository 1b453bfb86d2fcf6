"""What nobody needs any more: what decides it, what it leaves over, and deleting it."""
