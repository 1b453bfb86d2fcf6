"""`GET /audit`: who wrote what, the newest first, in parts."""

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from saga_broker.api.reading.call import Hal, respond
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.hal import Document, link, moment
from saga_broker.store.access import audit as store

router = APIRouter(tags=["access"])


@router.get("/audit")
def show(call: Hal) -> Response:
    """List the writes that were stored, the newest first; with `token` or `pacticipant` only those of one."""
    page = page_of(call, always=True)
    assert page is not None  # noqa: S101  (always a part)
    token, pacticipant = call.text("token"), call.text("pacticipant")
    with call.read() as connection:
        entries, total = store.page(connection, page, token, pacticipant)
    asked = {name: value for name, value in (("token", token), ("pacticipant", pacticipant)) if value is not None}
    address = call.links.url("audit") + (f"?{urlencode(asked)}" if asked else "")
    document = {"_embedded": {"writes": [_shown(one) for one in entries]}, "_links": {"self": link(address, "Audit log")}}
    return respond(with_page(document, page, total, address, call))


def _shown(entry: store.Entry) -> Document:
    write = entry.write
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "token": write.token,
        "tokenPrefix": write.prefix,
        "method": write.method,
        "path": write.path,
        "pacticipants": list(write.pacticipants),
        "status": write.status,
        "requestId": write.request_id,
    }
