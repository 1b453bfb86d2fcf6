"""Pages of what the broker does by itself: verification jobs with their workers, and webhooks with their calls."""
