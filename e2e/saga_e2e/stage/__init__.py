"""The stage of a run: services, images, addresses."""
