"""The rim of the broker: media types, links, error bodies, logs."""
