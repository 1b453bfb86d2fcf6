"""Pages for people, at the addresses of their JSON twins."""
