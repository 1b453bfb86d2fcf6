"""Pages of the network of services and sagas: everything, and what is near one pacticipant."""
