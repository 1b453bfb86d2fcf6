"""Pacticipants and labels."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, calling, no_content, respond
from saga_broker.api.reading.fields import Faults, address, filled, no_spaces, not_blank, one_line, text
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import Document, link
from saga_broker.http.media import JSON, MERGE_PATCH
from saga_broker.rows import Pacticipant
from saga_broker.store import deployments as deployment_store
from saga_broker.store import pacticipants as store
from saga_broker.store import versions as version_store
from saga_broker.views import pacticipant as views

router = APIRouter(tags=["pacticipants"])
COLUMNS = {
    "displayName": "display_name",
    "mainBranch": "main_branch",
    "repositoryUrl": "repository_url",
    "repositoryName": "repository_name",
    "repositoryNamespace": "repository_namespace",
}


def existing(connection: Connection, name: str, role: str = "pacticipant") -> Pacticipant:
    """Give the pacticipant of a path.

    Raises:
        NotFoundError: There is none; the text names the role.
    """
    found = store.find(connection, name)
    if found is None:
        raise NotFoundError(f"No {role} with name '{name}' found")
    return found


@router.get("/pacticipants")
def list_pacticipants(call: Hal) -> Response:
    """List pacticipants, by name; `q` narrows to names that hold a text."""
    return _listed(call, None)


@router.get("/pacticipants/label/{label:seg}")
def list_with_label(label: str, call: Hal) -> Response:
    """List the pacticipants with a label."""
    return _listed(call, label)


@router.post("/pacticipants", status_code=201)
def create(call: HalJson) -> Response:
    """Make a pacticipant; one that exists stays as it is."""
    body = call.object()
    faults = Faults()
    name = faults.check(body, "name", text, filled, not_blank, one_line, required=True, null=False)
    if faults.by_field.get("name") == ["cannot contain multiple lines"]:
        faults.add("name", "cannot contain multiple lines")  # the Pact Broker says it twice
    fields = _fields(body, faults)
    faults.raise_any()
    name = call.stored(name)
    with call.write() as connection:
        found = store.find(connection, name) or store.create(connection, name, **fields)
        document = documents(call, connection, [found])[0]
    return respond(document, 201, location=call.links.pacticipant(name))


@router.get("/pacticipants/{name:seg}")
def show(name: str, call: Hal) -> Response:
    """Show a pacticipant."""
    with call.read() as connection:
        return respond(documents(call, connection, [existing(connection, name)], with_deployed=True)[0])


@router.put("/pacticipants/{name:seg}")
def replace(name: str, call: HalJson) -> Response:
    """Replace a pacticipant's fields; absent ones are cleared."""
    faults = Faults()
    fields = _fields(call.object(), faults)
    faults.raise_any()
    with call.write() as connection:
        found = existing(connection, name)
        every: dict[str, Any] = dict.fromkeys(store.FIELDS) | fields
        every["display_name"] = every["display_name"] or store.display_name(name)
        changed = store.change_fields(connection, found, **every)
        return respond(documents(call, connection, [changed], with_deployed=True)[0])


PatchCall = calling(takes=(JSON, MERGE_PATCH))


@router.patch("/pacticipants/{name:seg}")
def change(name: str, call: Call = PatchCall) -> Response:
    """Change the given fields of a pacticipant; it is made when it is new."""
    faults = Faults()
    fields = _fields(call.object(), faults)
    faults.raise_any()
    with call.write() as connection:
        found = store.find(connection, name)
        if found is None:
            made = store.create(connection, name, **fields)
            document = documents(call, connection, [made], with_deployed=True)[0]
            return respond(document, 201, location=call.links.pacticipant(name))
        changed = store.change_fields(connection, found, **fields)
        return respond(documents(call, connection, [changed], with_deployed=True)[0])


@router.delete("/pacticipants/{name:seg}", status_code=204)
def remove(name: str, call: Anything) -> Response:
    """Delete a pacticipant with all its versions, pacts and results."""
    with call.write() as connection:
        store.remove(connection, existing(connection, name))
    return no_content()


@router.get("/labels")
def list_labels(call: Hal) -> Response:
    """List the names of all labels."""
    page = page_of(call)
    with call.read() as connection:
        names = store.all_labels(connection)
    own = call.links.url("labels")
    shown = names if page is None else names[page.offset : page.offset + page.size]
    document = {"_embedded": {"labels": [{"name": name} for name in shown]}, "_links": {"self": link(own, "Labels")}}
    return respond(with_page(document, page, len(names), own, call))


@router.get("/pacticipants/{name:seg}/labels/{label:seg}")
def show_label(name: str, label: str, call: Hal) -> Response:
    """Show a label."""
    with call.read() as connection:
        return respond(_label(call, connection, name, label))


@router.put("/pacticipants/{name:seg}/labels/{label:seg}")
def put_label(name: str, label: str, call: HalJson) -> Response:
    """Put a label on a pacticipant, which is made when it is new."""
    call.object_or_nothing()
    with call.write() as connection:
        is_new = store.find_label(connection, name, label) is None
        if is_new:
            store.add_label(connection, name, label)
        document = _label(call, connection, name, label)
    location = document["_links"]["self"]["href"] if is_new else None
    return respond(document, 201 if is_new else 200, location=location)


@router.delete("/pacticipants/{name:seg}/labels/{label:seg}", status_code=204)
def remove_label(name: str, label: str, call: Anything) -> Response:
    """Take a label off."""
    with call.write() as connection:
        if store.find_label(connection, name, label) is None:
            raise NotFoundError
        store.remove_label(connection, name, label)
    return no_content()


def documents(call: Call, connection: Connection, rows: list[Pacticipant], *, with_deployed: bool = False) -> list[Document]:
    """Write pacticipants with what belongs to them."""
    row_ids = [row.id for row in rows]
    labels = store.labels_of(connection, row_ids)
    latest = version_store.latest_of_each(connection, row_ids)
    found = []
    for row in rows:
        deployed = deployment_store.current_of_pacticipant(connection, row.name) if with_deployed else None
        found.append(views.pacticipant(call.links, row, labels.get(row.id, []), latest.get(row.id), deployed))
    return found


def _listed(call: Call, label: str | None) -> Response:
    page = page_of(call)
    with call.read() as connection:
        rows, total = store.search(connection, call.text("q"), label, page)
        shown = documents(call, connection, rows)
    document = views.pacticipant_list(call.links, shown, with_deprecated=label is None)
    address = call.links.url("pacticipants", *(() if label is None else ("label", label)))
    return respond(with_page(document, page, total, address, call))


def _label(call: Call, connection: Connection, name: str, label: str) -> Document:
    found = store.find_label(connection, name, label)
    if found is None:
        raise NotFoundError
    return views.label(call.links, name, found)


def _fields(body: dict[str, Any], faults: Faults) -> dict[str, Any]:
    faults.check(body, "displayName", text, not_blank, one_line)
    faults.check(body, "mainBranch", text, not_blank, one_line, no_spaces)
    faults.check(body, "repositoryUrl", address, one_line)
    faults.check(body, "repositoryName", text, one_line)
    faults.check(body, "repositoryNamespace", text, one_line)
    return {column: body[field] for field, column in COLUMNS.items() if field in body}
