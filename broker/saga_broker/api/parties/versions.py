"""Versions of pacticipants."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, HalPatch, no_content, respond
from saga_broker.api.reading.fields import Faults, address, array, one_line, text
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import Document, link
from saga_broker.rows import Publication, Version
from saga_broker.store import branches as branch_store
from saga_broker.store import deployments as deployment_store
from saga_broker.store import environments as environment_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import tags as tag_store
from saga_broker.store import versions as store
from saga_broker.views import version as views

router = APIRouter(tags=["versions"])


def existing_version(connection: Connection, name: str, number: str) -> Version:
    """Give the version of a path.

    Raises:
        NotFoundError: There is none.
    """
    found = store.find(connection, name, number)
    if found is None:
        raise NotFoundError
    return found


@router.get("/pacticipants/{name:seg}/versions")
def list_versions(name: str, call: Hal) -> Response:
    """List the versions of a pacticipant, the newest first."""
    return respond_list(call, name, f"All application versions of {name}", "versions")


@router.get("/pacticipants/{name:seg}/tags/{tag:seg}/versions")
def list_with_tag(name: str, tag: str, call: Hal) -> Response:
    """List the versions with a tag."""
    return respond_list(call, name, f"All application versions of {name}", "tags", tag, "versions", tag=tag)


@router.get("/pacticipants/{name:seg}/environments/{uuid:seg}/versions")
def list_in_environment(name: str, uuid: str, call: Hal) -> Response:
    """List the versions that were ever deployed to or released in an environment."""
    with call.read() as connection:
        environment = environment_store.find(connection, uuid)
    if environment is None:
        raise NotFoundError
    title = f"Versions in {environment.display_name} of {name}"
    return respond_list(call, name, title, "environments", uuid, "versions", environment_id=environment.id)


@router.get("/pacticipants/{name:seg}/versions/{number:seg}")
def show(name: str, number: str, call: Hal) -> Response:
    """Show a version."""
    with call.read() as connection:
        return respond(document(call, connection, existing_version(connection, name, number)))


@router.put("/pacticipants/{name:seg}/versions/{number:seg}")
def put(name: str, number: str, call: HalJson) -> Response:
    """Make or replace a version: its build URL, and its tags when tags are given."""
    body = call.object()
    tags = _checked(body)
    with call.write() as connection:
        version, is_new = store.get_or_create(connection, name, number)
        store.set_build_url(connection, version, body.get("buildUrl"), is_new=is_new)
        return _changed(call, connection, version, tags, is_new=is_new)


@router.patch("/pacticipants/{name:seg}/versions/{number:seg}")
def change(name: str, number: str, call: HalPatch) -> Response:
    """Make or change a version; what is not given stays."""
    body = call.object()
    tags = _checked(body)
    with call.write() as connection:
        version, is_new = store.get_or_create(connection, name, number)
        if "buildUrl" in body:
            store.set_build_url(connection, version, body["buildUrl"], is_new=is_new)
        return _changed(call, connection, version, tags, is_new=is_new)


@router.delete("/pacticipants/{name:seg}/versions/{number:seg}", status_code=204)
def remove(name: str, number: str, call: Anything) -> Response:
    """Delete a version with its pacts, results, tags and deployments."""
    with call.write() as connection:
        existing(connection, name)
        store.remove(connection, existing_version(connection, name, number))
        pact_store.remove_orphans(connection)
    return no_content()


@router.get("/pacticipants/{name:seg}/latest-version")
def show_latest(name: str, call: Hal) -> Response:
    """Show the newest version."""
    return _latest(call, name, None)


@router.get("/pacticipants/{name:seg}/latest-version/{tag:seg}")
def show_latest_with_tag(name: str, tag: str, call: Hal) -> Response:
    """Show the newest version with a tag."""
    return _latest(call, name, tag)


def document(call: Call, connection: Connection, version: Version, own: str | None = None) -> Document:
    """Write one version in full."""
    return documents(call, connection, [version], own=own, in_full=True)[0]


def documents(
    call: Call, connection: Connection, rows: list[Version], *, own: str | None = None, in_full: bool = False
) -> list[Document]:
    """Write versions with what belongs to them."""
    row_ids = [row.id for row in rows]
    branches, tags = branch_store.of_versions(connection, row_ids), tag_store.of_versions(connection, row_ids)
    pacts: dict[int, list[Publication]] = {}
    for pact in pact_store.of_versions(connection, row_ids):
        pacts.setdefault(pact.version_id, []).append(pact)
    deployed, released = deployment_store.of_versions(connection, row_ids)
    place_ids = [one.environment_id for one in deployed] + [one.environment_id for one in released]
    places = environment_store.by_ids(connection, place_ids)
    every = environment_store.listing(connection) if in_full else None
    found = []
    for row in rows:
        around = views.Around(
            branches=branches.get(row.id, []),
            tags=tags.get(row.id, []),
            pacts=pacts.get(row.id, []),
            deployed=[(one, places[one.environment_id]) for one in deployed if one.version_id == row.id],
            released=[(one, places[one.environment_id]) for one in released if one.version_id == row.id],
            environments=every,
        )
        found.append(views.version(call.links, row, around, own))
    return found


def respond_list(call: Call, name: str, title: str, *path: str, **narrowed: Any) -> Response:
    """Answer with a list of a pacticipant's versions; an unknown tag, branch or pacticipant is 404."""
    page = page_of(call)
    with call.read() as connection:
        existing(connection, name)
        rows, total = store.listing(connection, name, page=page, **narrowed)
        if not rows and ("tag" in narrowed or ("branch" in narrowed and not _has_branch(connection, name, narrowed))):
            raise NotFoundError
        shown = documents(call, connection, rows)
    address = call.links.url("pacticipants", name, *path)
    query = call.request.url.query
    own = link(f"{address}?{query}" if query else address, title)
    return respond(with_page(views.version_list(call.links, name, rows, shown, own), page, total, address, call))


def _has_branch(connection: Connection, name: str, narrowed: dict[str, Any]) -> bool:
    return branch_store.find(connection, name, narrowed["branch"]) is not None


def _latest(call: Call, name: str, tag: str | None) -> Response:
    path = ("pacticipants", name, "latest-version") if tag is None else ("pacticipants", name, "latest-version", tag)
    with call.read() as connection:
        existing(connection, name)
        found = store.latest(connection, name, tag)
        if found is None:
            raise NotFoundError
        return respond(document(call, connection, found, call.links.url(*path)))


def _changed(call: Call, connection: Connection, version: Version, tags: list[str] | None, *, is_new: bool) -> Response:
    if tags is not None:
        tag_store.replace(connection, version.id, tags)
    fresh = store.find_by_ids(connection, [version.id])[version.id]
    return respond(document(call, connection, fresh), 201 if is_new else 200)


def _checked(body: dict[str, Any]) -> list[str] | None:
    faults = Faults()
    faults.check(body, "buildUrl", address)
    embedded = body.get("_embedded")
    tags = faults.check(body, "tags", array)
    if isinstance(embedded, dict) and "tags" in embedded:
        tags = faults.check(embedded, "tags", array)
    names: list[str] = []
    for tag in tags if isinstance(tags, list) else []:
        name = tag.get("name") if isinstance(tag, dict) else None
        if not isinstance(name, str) or not name or text(name) or one_line(name):
            faults.add("tags", "name must be filled")
            continue
        names.append(name)
    faults.raise_any()
    return names if isinstance(tags, list) else None
