"""What the pages of a consumer and a provider have in common: the way to them, and the ways between them."""

from saga_broker.pages.frame.asking import Place
from saga_broker.pages.frame.writing import Crumb

Tab = tuple[str, str, bool]


def pair_crumbs(place: Place, consumer: str, provider: str, *ends: str) -> list[Crumb]:
    """Give the way to a page of a pair; `ends` are the steps after the pair, without addresses."""
    links = place.links
    pair = Crumb(f"{consumer} and {provider}", links.url("dashboard", "provider", provider, "consumer", consumer))
    return [Crumb(consumer, links.pacticipant(consumer)), pair, *(Crumb(end) for end in ends)]


def pair_tabs(place: Place, consumer: str, provider: str, current: str, *, has_pact: bool = True) -> list[Tab]:
    """Give the pages of a pair, as tabs."""
    links = place.links
    pair = ("provider", provider, "consumer", consumer)
    found = [("overview", "Overview", links.url("dashboard", *pair))]
    if has_pact:
        found.append(("pact", "Newest pact", f"{links.pair(consumer, provider)}/latest"))
    found += [
        ("versions", "All versions", f"{links.pair(consumer, provider)}/versions"),
        ("matrix", "Matrix", links.url("matrix", *pair)),
    ]
    return [(word, href, key == current) for key, word, href in found]
