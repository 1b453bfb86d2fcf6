"""The difference of two pacts as plain text, with a heading and links."""

from datetime import datetime

from saga_broker.http.hal import Links
from saga_broker.rows import Publication
from saga_broker.views.pact import href_of, name_of

MINUTE, HOUR, DAY = 60, 3600, 86400


def difference(links: Links, before: Publication, after: Publication, lines: str, now: datetime) -> str:
    """Write the difference of two pacts."""
    age = ago((now - after.created_at).total_seconds())
    when = after.created_at.strftime("%a %d %b %Y, %-I:%M%P %:z")
    parts = [
        f"# Diff between versions {before.number} and {after.number} of the pact between {after.consumer} and {after.provider}",
        f"The following changes were made {age} ({when})",
        lines,
        "## Links",
        f"{_link(links, 'pact-version', after)}\n{_link(links, 'comparison-pact-version', before)}\n",
    ]
    return "\n\n".join(parts)


def ago(seconds: float) -> str:
    """Say roughly how long ago something was."""
    if seconds < MINUTE:
        return "less than a minute ago"
    for length, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = int(seconds // length)
        if count:
            return f"about {count} {word}{'s' if count > 1 else ''} ago"
    return "less than a minute ago"


def _link(links: Links, name: str, pact: Publication) -> str:
    return f"{name}:\n  title: Pact\n  name: {name_of(pact)}\n  href: {href_of(links, pact)}"
