"""What comes from another broker: its rows with their dates, put where they belong in the order of what is here."""
