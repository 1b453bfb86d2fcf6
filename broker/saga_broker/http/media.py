"""Media types: which one a client is given for its Accept header, and which ones a body may have."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

HAL = "application/hal+json"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
PROBLEM = "application/problem+json"
TEXT = "text/plain"
HTML = "text/html"
_PAGES = (HTML, "application/xhtml+xml")
CSV = "text/csv"
GZIP = "application/gzip"
GRAPHVIZ = "text/vnd.graphviz"
EXTENDED_PACT = "application/vnd.pactbrokerextended.v1+json"


@dataclass(frozen=True, slots=True)
class _Wanted:
    type: str
    quality: float
    position: int


def choose(accept: str | None, offers: Sequence[str]) -> str | None:
    """Choose what to answer with.

    Args:
        accept: The Accept header; None or empty means anything.
        offers: Media types in the order of preference.

    Returns:
        The chosen offer, or None when the client accepts none of them. A client that names problem details only is given the
        first offer, since it means the form of errors.
    """
    wanted = _parse(accept or "*/*")
    for want in wanted:
        for offer in offers:
            if want.quality > 0 and _matches(want.type, offer):
                return offer
    if any(want.type == PROBLEM for want in wanted):
        return offers[0]
    return None


def wants_problems(accept: str | None) -> bool:
    """Tell whether errors shall be written as problem details."""
    return PROBLEM in (accept or "")


def wants_page(accept: str | None) -> bool:
    """Tell whether a page is asked for: HTML is named, and before everything else, as browsers do."""
    if accept is None or HTML not in accept.lower():
        return False
    wanted = _parse(accept)
    return bool(wanted) and wanted[0].quality > 0 and wanted[0].type in _PAGES


def accept_of(scope: Scope) -> str | None:
    """Give what a request accepts, None when it does not say."""
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"]
    return ",".join(found) if found else None


def base_type(content_type: str | None) -> str:
    """Give a Content-Type without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def _parse(accept: str) -> list[_Wanted]:
    wanted = []
    for position, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            wanted.append(_Wanted(name.lower(), _quality(parameters), position))
    return sorted(wanted, key=lambda want: (-want.quality, want.position))


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _matches(pattern: str, offer: str) -> bool:
    if pattern == "*/*":
        return True
    kind, _, subtype = pattern.partition("/")
    return offer.startswith(f"{kind}/") if subtype == "*" else pattern == offer
