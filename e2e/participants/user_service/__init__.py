"""`user_service` knows the users and switches services on and off for them."""
