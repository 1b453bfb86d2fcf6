"""What those who look after sagas remember: checks, findings, acts of persons; and what they read of the sagas in lists."""
