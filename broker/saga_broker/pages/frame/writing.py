"""Writes a page: Jinja2 with every value escaped, and the headers that let a browser do no more than the page needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from saga_broker.http.media import HTML
from saga_broker.pages.frame import files
from saga_broker.pages.frame.asking import Place
from saga_broker.pages.frame.menu import MENU
from saga_broker.store.database.types import now
from saga_broker.views.diff import MINUTE, ago

TEMPLATES = Path(__file__).parents[1] / "templates"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SHOWN_OF_NUMBER = 12


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way from the start page to this one; the last has no address."""

    text: str
    href: str | None = None


def page(
    request: Request,
    template: str,
    title: str,
    crumbs: Sequence[Crumb] = (),
    *,
    http_status: int = 200,
    twin: str | None = "",
    **values: Any,
) -> Response:
    """Write a page.

    Args:
        request: The request that it answers.
        template: A file of `templates`, which extends `base.html`.
        title: What the browser's tab says; it stands in the heading, too.
        crumbs: The way to the page.
        http_status: Of the answer.
        twin: The address of the JSON with the same content: "" for the page's own with `as=json`, None when there is none.
        values: What the template shows.
    """
    place = Place(request)
    own = {"title": title, "crumbs": crumbs, "place": place, "links": place.links, "twin": place.twin if twin == "" else twin}
    text = _ENVIRONMENT.get_template(template).render(own | values)
    return Response(text, http_status, HEADERS, media_type=f"{HTML};charset=utf-8")


def with_query(address: str, pairs: Sequence[tuple[str, str]] | Mapping[str, str]) -> str:
    """Add a query to an address."""
    query = urlencode(pairs if isinstance(pairs, Sequence) else list(pairs.items()))
    return f"{address}?{query}" if query else address


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _ago(moment: datetime) -> str:
    seconds = (now() - moment).total_seconds()
    return ago(seconds) if seconds >= MINUTE else "just now"


def short(number: str) -> str:
    """Shorten what reads like the SHA of a commit."""
    is_sha = len(number) > SHOWN_OF_NUMBER and all(character in "0123456789abcdef" for character in number)
    return number[:SHOWN_OF_NUMBER] + "…" if is_sha else number


def _is_outside(address: str) -> bool:
    """Tell whether an address that somebody published can be opened: it leads to a page, and runs nothing."""
    return address.lower().startswith(("http://", "https://"))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"iso": _iso, "ago": _ago, "short": short}
    made.tests["outside"] = _is_outside
    made.globals |= {"file": files.address, "menu": MENU, "with_query": with_query}
    return made


_ENVIRONMENT = _environment()
