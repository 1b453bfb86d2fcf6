"""`billing` holds a user's money for an order and gives it back when the order is cancelled."""
