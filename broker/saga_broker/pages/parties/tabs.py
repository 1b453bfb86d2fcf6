"""What the pages of a pacticipant have in common: the way to them, and the ways between them."""

from saga_broker.pages.frame.asking import Place
from saga_broker.pages.frame.writing import Crumb


def pacticipant_crumbs(place: Place, name: str, *ends: str | Crumb) -> list[Crumb]:
    """Give the way to a page of a pacticipant; `ends` are the steps after it."""
    links = place.links
    way = [Crumb("Pacticipants", links.url("pacticipants")), Crumb(name, links.pacticipant(name) if ends else None)]
    return [*way, *(end if isinstance(end, Crumb) else Crumb(end) for end in ends)]


def pacticipant_tabs(place: Place, name: str, current: str) -> list[tuple[str, str, bool]]:
    """Give the pages of a pacticipant, as tabs."""
    own = place.links.pacticipant(name)
    found = [
        ("about", "About", own),
        ("branches", "Branches", f"{own}/branches"),
        ("versions", "Versions", f"{own}/versions"),
        ("network", "Network", f"{own}/network"),
    ]
    return [(word, href, key == current) for key, word, href in found]
