"""Errors for people: what is wrong, and where to go from here."""

from http import HTTPStatus

from fastapi import Request, Response

from saga_broker.http.errors import NOT_FOUND_TEXT, BrokerError
from saga_broker.pages.frame.writing import page

NOT_FOUND, NOT_ACCEPTABLE, NOT_ALLOWED = 404, 406, 405
_WORDS = {
    NOT_FOUND: (
        "There is no such page",
        "Nothing is stored under this address. It may have been deleted, or the name is spelt otherwise.",
    ),
    NOT_ACCEPTABLE: ("There is no page for this", "What stands at this address is for programs. Look at it as JSON."),
    NOT_ALLOWED: ("This cannot be opened", "What stands at this address takes other methods than a browser sends."),
}


def fault(request: Request, error: BrokerError) -> Response:
    """Write an error as a page."""
    heading, text = _WORDS.get(error.status, (HTTPStatus(error.status).phrase, ""))
    said = str(error)
    if said in {NOT_FOUND_TEXT, HTTPStatus(error.status).phrase}:
        said = ""
    is_json = error.status == NOT_ACCEPTABLE
    return page(
        request,
        "fault.html",
        heading,
        http_status=error.status,
        twin="" if is_json else None,
        text=text,
        said=said,
        code=error.status,
    )
