"""Badges: small pictures that say how a pact stands. Pure; the pictures themselves come from shields.io."""

import re
from urllib.parse import quote

SHIELDS = "https://img.shields.io/badge"
COLOURS = {
    "verified": "brightgreen",
    "failed": "red",
    "changed": "orange",
    "failed (pending)": "red",
    "unknown": "lightgrey",
}
STATUS_OF = {
    "never": "unknown",
    "success": "verified",
    "stale": "changed",
    "failed": "failed",
    "failed_pending": "failed (pending)",
}


def pact_badge(consumer: str, provider: str, status: str, *, label: str | None = None, initials: bool = False) -> str:
    """Give the address of the badge of a pact.

    Args:
        consumer: The consumer's name, with its tag where that is shown.
        provider: The provider's name.
        status: `never`, `success`, `stale`, `failed` or `failed_pending`.
        label: `consumer` or `provider` for only one of the names; any other text stands in the place of both.
        initials: Shorten the names to their initials.
    """
    shown = STATUS_OF[status]
    return badge(_title(consumer, provider, label, initials=initials), shown, COLOURS[shown])


def not_found_badge(what: str) -> str:
    """Give the address of the badge of something that does not exist."""
    return badge(what, "not found", "lightgrey")


def badge(left: str, right: str, colour: str) -> str:
    """Give the address of a badge."""
    return f"{SHIELDS}/{_escaped(left)}-{_escaped(right)}-{colour}.svg"


def _title(consumer: str, provider: str, label: str | None, *, initials: bool) -> str:
    names = [_initials(name) if initials else name.lower() for name in (consumer, provider)]
    chosen = {"consumer": names[0], "provider": names[1]}.get(label or "")
    if chosen is None:
        chosen = f"{names[0]}/{names[1]}"
    return f"{chosen} pact"


def _initials(name: str) -> str:
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)
    return "".join(word[0].lower() for word in words) if len(words) > 1 else name.lower()


def _escaped(text: str) -> str:
    return quote(text.replace("-", "--").replace("_", "__"), safe="")
