"""The reference participants."""
