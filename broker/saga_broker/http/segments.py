"""How a name stands in a path: as one segment, whatever characters it has."""

from functools import lru_cache
from urllib.parse import quote

EXTENSIONS = (".json", ".csv", ".svg", ".yaml")
"""Endings that ask for a form of a resource, where they do not belong to a name."""


@lru_cache(maxsize=10_000)  # an answer has hundreds of addresses, made of a few names
def segment(name: str) -> str:
    """Write a name as one path segment.

    The dot before an ending that a Pact Broker takes for the wanted form of the answer is encoded, too: it would take it off.
    """
    written = quote(name, safe="")
    before, dot, ending = written.rpartition(".")
    return f"{before}%2E{ending}" if dot + ending in EXTENSIONS else written


def path(*names: str) -> str:
    """Give the path of a resource, from the names of its segments."""
    return "/" + "/".join(segment(name) for name in names)
