"""Does one participant keep its word: the provider verifier."""

from importlib.metadata import version

VERSION = version("sagapact")
"""Version of the verifier; stands in every deck result."""
