"""Who may what, at the door: each request's token is looked at before its resource is asked."""
