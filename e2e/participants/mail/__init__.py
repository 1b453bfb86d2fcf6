"""`mail` takes mails to be sent. It was bought: only its database shows how many it has taken."""
