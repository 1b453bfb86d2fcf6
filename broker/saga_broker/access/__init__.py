"""Who may do what: tokens, rights, and which route needs which."""
