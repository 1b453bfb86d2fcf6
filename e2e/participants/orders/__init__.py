"""`orders` opens orders for customers, cancels them, and confirms those that were paid: two steps of one saga."""
