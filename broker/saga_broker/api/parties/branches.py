"""Branches and the versions on them, and tags of versions."""

from fastapi import APIRouter, Response

from saga_broker.access.rights import Right
from saga_broker.acts.tagging import made_on_the_way, put_on_branch, put_tag
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.parties.versions import document, existing_version, respond_list
from saga_broker.api.reading.call import Anything, Hal, HalJson, no_content, respond
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import link
from saga_broker.store import branches as store
from saga_broker.store import tags as tag_store
from saga_broker.store import versions as version_store
from saga_broker.views import version as views

router = APIRouter(tags=["branches and tags"])


@router.get("/pacticipants/{name:seg}/branches")
def list_branches(name: str, call: Hal) -> Response:
    """List a pacticipant's branches, the last changed first, in parts of a hundred."""
    page = page_of(call, always=True)
    with call.read() as connection:
        existing(connection, name)
        rows, total = store.listing(connection, name, call.text("q"), page)
    address = call.links.url("pacticipants", name, "branches")
    query = call.request.url.query
    shown = [views.branch(call.links, name, row) for row in rows]
    found = {
        "_embedded": {"branches": shown},
        "_links": {
            "self": link(f"{address}?{query}" if query else address, f"{name} branches"),
            "pb:branches": [link(row["_links"]["self"]["href"], None, row["name"]) for row in shown],
        },
    }
    return respond(with_page(found, page, total, address, call))


@router.delete("/pacticipants/{name:seg}/branches", status_code=202)
def remove_branches(name: str, call: Anything) -> Response:
    """Delete all branches but the main branch and those in `exclude[]`; the versions stay."""
    excluded = call.query.get("exclude")
    kept = [item for item in excluded if isinstance(item, str)] if isinstance(excluded, list) else []
    with call.write() as connection:
        owner = existing(connection, name)
        gone, remaining = store.remove_others(connection, name, [*kept, owner.main_branch or ""])
    sentence = (
        f"Scheduled deletion of {len(gone)} branches for pacticipant {name}. Remaining branches are: {', '.join(remaining)}"
    )
    return respond({"notices": [{"type": "success", "text": sentence}]}, 202)


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}")
def show_branch(name: str, branch: str, call: Hal) -> Response:
    """Show a branch."""
    with call.read() as connection:
        found = store.find(connection, name, branch)
    if found is None:
        raise NotFoundError
    return respond(views.branch(call.links, name, found))


@router.delete("/pacticipants/{name:seg}/branches/{branch:seg}", status_code=204)
def remove_branch(name: str, branch: str, call: Anything) -> Response:
    """Delete a branch; its versions and pacts stay."""
    with call.write() as connection:
        found = store.find(connection, name, branch)
        if found is None:
            raise NotFoundError
        store.remove(connection, found)
    return no_content()


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/latest-version")
def show_head(name: str, branch: str, call: Hal) -> Response:
    """Show the head of a branch: the version added to it last."""
    with call.read() as connection:
        found = version_store.branch_head(connection, name, branch)
        if found is None:
            raise NotFoundError
        own = call.links.url("pacticipants", name, "branches", branch, "latest-version")
        return respond(document(call, connection, found, own))


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/versions")
def list_on_branch(name: str, branch: str, call: Hal) -> Response:
    """List the versions on a branch, the newest first."""
    return respond_list(call, name, f"Versions for branch {branch} of {name}", "branches", branch, "versions", branch=branch)


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/versions/{number:seg}")
def show_on_branch(name: str, branch: str, number: str, call: Hal) -> Response:
    """Show a version's place on a branch."""
    with call.read() as connection:
        version = existing_version(connection, name, number)
        found = store.find_version(connection, name, branch, version.id)
    if found is None:
        raise NotFoundError
    return respond(views.branch_version(call.links, version, found))


@router.put("/pacticipants/{name:seg}/branches/{branch:seg}/versions/{number:seg}")
def put_version_on_branch(name: str, branch: str, number: str, call: HalJson) -> Response:
    """Put a version on a branch and make it the head; pacticipant, version and branch are made when they are new."""
    call.object_or_nothing()
    with call.write() as connection:
        version = made_on_the_way(connection, name, number)
        added = put_on_branch(connection, call.settings, version, branch)
        found = store.find_version(connection, name, branch, version.id)
    assert found is not None  # noqa: S101  (put in this transaction)
    shown = views.branch_version(call.links, version, found)
    location = call.links.branch_version(name, branch, number) if added else None
    return respond(shown, 201 if added else 200, location=location)


@router.delete("/pacticipants/{name:seg}/branches/{branch:seg}/versions/{number:seg}", status_code=204)
def remove_from_branch(name: str, branch: str, number: str, call: Anything) -> Response:
    """Take a version off a branch."""
    with call.write() as connection:
        version = existing_version(connection, name, number)
        found = store.find_version(connection, name, branch, version.id)
        if found is None:
            raise NotFoundError
        store.remove_version(connection, found.branch_id, version.id)
    return no_content()


@router.get("/pacticipants/{name:seg}/versions/{number:seg}/tags/{tag:seg}")
def show_tag(name: str, number: str, tag: str, call: Hal) -> Response:
    """Show a tag."""
    with call.read() as connection:
        version = existing_version(connection, name, number)
        found = tag_store.find(connection, version.id, tag)
    if found is None:
        raise NotFoundError
    return respond(views.tag(call.links, version, found))


@router.put("/pacticipants/{name:seg}/versions/{number:seg}/tags/{tag:seg}")
def put_version_tag(name: str, number: str, tag: str, call: HalJson) -> Response:
    """Tag a version; pacticipant and version are made when they are new.

    The tag of an environment records a deployment, where whoever asks may deploy.
    """
    call.object_or_nothing()
    with call.write() as connection:
        version = made_on_the_way(connection, name, number)
        added = put_tag(connection, call.settings, version, tag, deploys=call.may(Right.DEPLOY), base_url=call.links.base)
        found = tag_store.find(connection, version.id, tag)
    assert found is not None  # noqa: S101  (put in this transaction)
    location = call.links.tag(name, number, tag) if added else None
    return respond(views.tag(call.links, version, found), 201 if added else 200, location=location)


@router.delete("/pacticipants/{name:seg}/versions/{number:seg}/tags/{tag:seg}", status_code=204)
def remove_tag(name: str, number: str, tag: str, call: Anything) -> Response:
    """Take a tag off a version."""
    with call.write() as connection:
        version = existing_version(connection, name, number)
        if tag_store.find(connection, version.id, tag) is None:
            raise NotFoundError
        tag_store.remove(connection, version.id, tag)
    return no_content()
