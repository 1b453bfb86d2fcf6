"""Whether a browser's request comes from a page of the broker itself. Pure.

A browser sends a session's cookie with whatever asks it to, also with a form on a foreign page. So a session may write only when
the browser says that the request came from the broker's own pages: by `Sec-Fetch-Site`, which no page can set, and where an older
browser has none, by `Origin`. A page needs no hidden field for that.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

OWN = frozenset({"same-origin", "none"})  # none: typed by the user


def is_foreign(headers: Mapping[str, str], base: str) -> bool:
    """Tell whether a browser says that a request comes from a page of somebody else; the arguments are those of `is_own`."""
    return ("sec-fetch-site" in headers or "origin" in headers) and not is_own(headers, base)


def is_own(headers: Mapping[str, str], base: str) -> bool:
    """Tell whether a request comes from the broker's own pages.

    Args:
        headers: Of the request, by names in lower case.
        base: The broker's address as this client reaches it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN
    origin = headers.get("origin")
    if origin is None:
        return False
    asked, own = urlsplit(origin), urlsplit(base)
    return asked.netloc != "" and (asked.netloc == own.netloc or asked.netloc == headers.get("host"))
