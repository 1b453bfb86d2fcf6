"""The backend `container`: a hardened container on a network of its own."""
