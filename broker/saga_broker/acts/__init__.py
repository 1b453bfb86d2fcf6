"""What the broker does with what came in, above the store and below the routes."""
