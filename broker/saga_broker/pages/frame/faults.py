"""Errors for people: what is wrong, and where to go from here."""

from http import HTTPStatus

from fastapi import Request, Response

from saga_broker.http.errors import NOT_FOUND_TEXT, BrokerError
from saga_broker.pages.frame.writing import page

NOT_ACCEPTABLE = 406
_WORDS = {
    400: ("This cannot be answered", "Something in the address is not as it should be."),
    401: ("Who are you?", "Give your token as the password; any user name will do."),
    403: ("This is not allowed", "The token that you gave has no right to this."),
    404: (
        "There is no such page",
        "Nothing is stored under this address. It may have been deleted, or the name is spelt otherwise.",
    ),
    405: ("This cannot be opened", "What stands at this address takes other methods than a browser sends."),
    NOT_ACCEPTABLE: ("There is no page for this", "What stands at this address is for programs. Look at it as JSON."),
    408: ("This takes too long", "The work was given up."),
    429: ("Too many requests", "Wait a moment, and try again."),
    503: ("The broker cannot answer now", "Wait a moment, and try again."),
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
