"""Running the broker: its process and its commands."""
