"""Concrete paths of traffic, and those with places that they are examples of (pure)."""

import re

PLACE = re.compile(r"\{(\w[\w.-]*)\}")
"""A place of a path, such as `{id}`."""
_LOOKS_LIKE_ID = re.compile(r"\d+|[0-9a-fA-F-]{16,}|(?=.*\d)[A-Za-z0-9_-]{8,}|(?=.*\d)[a-z]+-[A-Za-z0-9-]+")


def values(template: str, path: str) -> dict[str, str] | None:
    """Give what stands in the places of a path, or None when it is another path."""
    places, parts = template.strip("/").split("/"), path.strip("/").split("/")
    if len(places) != len(parts):
        return None
    found: dict[str, str] = {}
    for place, part in zip(places, parts, strict=True):
        pieces = PLACE.split(place)
        pattern = "".join(re.escape(piece) if index % 2 == 0 else "(.+)" for index, piece in enumerate(pieces))
        match = re.fullmatch(pattern, part) if len(pieces) <= 3 else None  # noqa: PLR2004  (one place in a segment)
        if match is None:
            return None
        found.update(zip(pieces[1::2], match.groups(), strict=True))
    return found


def general(path: str) -> str:
    """Give a path whose segments that look like ids are `{id}`."""
    parts = path.split("/")
    return "/".join("{id}" if _LOOKS_LIKE_ID.fullmatch(part) else part for part in parts)
