"""The work on sagas: running steps, undoing them, telling owners, and taking all of it up again after a crash."""
