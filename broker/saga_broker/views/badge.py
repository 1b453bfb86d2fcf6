"""Badges: small pictures that say how a pact stands, drawn here or by shields.io. Pure."""

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

SHIELDS = "https://img.shields.io/badge"
COLOURS = {
    "verified": "brightgreen",
    "failed": "red",
    "changed": "orange",
    "failed (pending)": "red",
    "unknown": "lightgrey",
}
_PAINTS = {"brightgreen": "#4c1", "red": "#e05d44", "orange": "#fe7d37", "lightgrey": "#9f9f9f"}
STATUS_OF = {
    "never": "unknown",
    "success": "verified",
    "stale": "changed",
    "failed": "failed",
    "failed_pending": "failed (pending)",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A picture with two parts.

    Attributes:
        left: What is shown.
        right: How it stands.
        colour: Of the right part, as shields.io names it.
    """

    left: str
    right: str
    colour: str

    @property
    def address(self) -> str:
        """Give the address under which shields.io draws it."""
        return f"{SHIELDS}/{_escaped(self.left)}-{_escaped(self.right)}-{self.colour}.svg"

    @property
    def svg(self) -> str:
        """Draw it."""
        widths = [_width(text) for text in (self.left, self.right)]
        middles = (widths[0] // 2, widths[0] + widths[1] // 2)
        texts = [f'<text x="{x}" y="14">{escape(text)}</text>' for x, text in zip(middles, (self.left, self.right), strict=True)]
        title = escape(f"{self.left}: {self.right}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(widths)}" height="20" role="img" aria-label="{title}">'
            f"<title>{title}</title>"
            f'<rect width="{widths[0]}" height="20" fill="#555"/>'
            f'<rect x="{widths[0]}" width="{widths[1]}" height="20" fill="{_PAINTS[self.colour]}"/>'
            f'<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
            f"{''.join(texts)}</g></svg>"
        )


def pact_badge(consumer: str, provider: str, status: str, *, label: str | None = None, initials: bool = False) -> Badge:
    """Make the badge of a pact.

    Args:
        consumer: The consumer's name, with its tag where that is shown.
        provider: The provider's name.
        status: `never`, `success`, `stale`, `failed` or `failed_pending`.
        label: `consumer` or `provider` for only one of the names; any other text is not looked at.
        initials: Shorten the names to their initials.
    """
    shown = STATUS_OF[status]
    return Badge(_title(consumer, provider, label, initials=initials), shown, COLOURS[shown])


def not_found_badge(what: str) -> Badge:
    """Make the badge of something that does not exist."""
    return Badge(what, "not found", "lightgrey")


def _width(text: str) -> int:
    return 10 + 7 * len(text)


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
