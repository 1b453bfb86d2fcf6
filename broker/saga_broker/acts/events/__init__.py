"""What follows from what happens: events are written down, webhooks called, sagas judged anew."""
