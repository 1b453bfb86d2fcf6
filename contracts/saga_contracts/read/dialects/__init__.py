"""Protocols that many participants speak, one module each: what `dialect:` fills in before a saga file's shape is read."""
