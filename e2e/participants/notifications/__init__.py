"""`notifications` puts messages into users' mailboxes. It never refuses: its step is only ever retried."""
