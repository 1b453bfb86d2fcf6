"""What the broker does by itself, on DBOS: events are handed on, webhooks called, verification jobs queued."""
