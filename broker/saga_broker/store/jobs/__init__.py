"""Jobs, the versions that can be verified by themselves, and the workers that do it."""
