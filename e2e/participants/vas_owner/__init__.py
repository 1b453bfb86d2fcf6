"""`vas_owner` owns the saga: it hears when a saga of its own could not be finished or undone as planned."""
