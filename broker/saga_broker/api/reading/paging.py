"""Parts of lists: `page` and `size`, or the older `pageNumber` and `pageSize`."""

from urllib.parse import urlencode

from saga_broker.api.reading.call import Call
from saga_broker.api.reading.fields import Faults
from saga_broker.http.hal import Document, link
from saga_broker.rows import Page

DEFAULT_SIZE = 100
MAX_NUMBER = 2**31 - 1


def page_of(call: Call, *, always: bool = False) -> Page | None:
    """Read which part of a list is asked for.

    Args:
        call: The request.
        always: The list is given in parts even when none is asked for.

    Returns:
        The page; None for the whole list.

    Raises:
        InvalidError: A number is none, or below 1.
    """
    faults = Faults()
    number = _number(call, faults, "page", "pageNumber")
    size = _number(call, faults, "size", "pageSize")
    faults.raise_any()
    if number is None and size is None and not always:
        return None
    return Page(number or 1, size or DEFAULT_SIZE)


def with_page(document: Document, page: Page | None, total: int, address: str, call: Call) -> Document:
    """Add to a list's document which part it is, and links to the neighbours."""
    if page is None:
        return document
    pages = max(1, -(-total // page.size))
    names = ("pageSize", "pageNumber") if "pageNumber" in call.query or "pageSize" in call.query else ("size", "page")
    neighbours: Document = {}
    for name, title, number in (("next", "Next page", page.number + 1), ("previous", "Previous page", page.number - 1)):
        if 1 <= number <= pages:
            joint = "&" if "?" in address else "?"
            neighbours[name] = link(f"{address}{joint}{urlencode({names[0]: page.size, names[1]: number})}", title)
    shown = {"number": page.number, "size": page.size, "totalElements": total, "totalPages": pages}
    return {"page": shown, **document, "_links": {**neighbours, **document["_links"]}}


def _number(call: Call, faults: Faults, *names: str) -> int | None:
    """Read a number that has two names; the first one counts, and both must be right."""
    found = [_one_number(call, faults, name) for name in names]
    return next((value for value in found if value is not None), None)


def _one_number(call: Call, faults: Faults, name: str) -> int | None:
    text = call.text(name)
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError:
        faults.add(name, "is not a number")
        return None
    if not 1 <= value <= MAX_NUMBER:
        faults.add(name, "must be greater than or equal to 1")
        return None
    return value
