"""Versions of a pacticipant: lists of them, and one with its pacts, its results and where it is."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.surroundings import surroundings_of
from saga_broker.api.parties.environments import existing_environment
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.parties.versions import existing_version
from saga_broker.api.reading.call import Call
from saga_broker.http.errors import NotFoundError
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Asked, Column, asked
from saga_broker.pages.frame.states import of_result
from saga_broker.pages.frame.writing import page, short
from saga_broker.pages.parties.tabs import pacticipant_crumbs, pacticipant_tabs
from saga_broker.rows import Version
from saga_broker.store import branches as branch_store
from saga_broker.store import deployments as deployment_store
from saga_broker.store import environments as environment_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import versions as store
from saga_broker.store.questions.found import branches_found, versions_found, versions_on_branch
from saga_broker.store.questions.results import last_of_contents, of_provider_version

router = APIRouter(tags=["pages"])
COLUMNS = (Column("Version"),)


@router.get("/pacticipants/{name:seg}/versions")
def list_versions(name: str, call: Html) -> Response:
    """Show the versions of a pacticipant."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        rows, total = versions_found(connection, wanted.q, wanted.page, existing(connection, name).id)
        return _list(call, connection, name, (rows, total), wanted, f"Versions of {name}", "Versions")


@router.get("/pacticipants/{name:seg}/tags/{tag:seg}/versions")
def list_with_tag(name: str, tag: str, call: Html) -> Response:
    """Show the versions with a tag."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        existing(connection, name)
        found = store.listing(connection, name, tag=tag, page=wanted.page)
        return _list(call, connection, name, found, wanted, f"Versions of {name} with the tag {tag}", f"Tag {tag}")


@router.get("/pacticipants/{name:seg}/environments/{uuid:seg}/versions")
def list_in_environment(name: str, uuid: str, call: Html) -> Response:
    """Show the versions that were ever in an environment."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        existing(connection, name)
        place = existing_environment(connection, uuid)
        found = store.listing(connection, name, environment_id=place.id, page=wanted.page)
        where = place.display_name or place.name
        return _list(call, connection, name, found, wanted, f"Versions of {name} that were ever in {where}", where)


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}")
@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/versions")
def list_on_branch(name: str, branch: str, call: Html) -> Response:
    """Show the versions on a branch."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        own = branch_store.find(connection, name, branch)
        if own is None:
            raise NotFoundError
        found = versions_on_branch(connection, own.id, wanted.page, wanted.q)
        return _list(call, connection, name, found, wanted, f"Branch {branch} of {name}", f"Branch {branch}")


@router.get("/pacticipants/{name:seg}/branches")
def list_branches(name: str, call: Html) -> Response:
    """Show the branches of a pacticipant."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        own = existing(connection, name)
        rows, total = branches_found(connection, wanted.q, wanted.page, own.id)
        around = surroundings_of(connection, [row.version_id for row in rows if row.version_id is not None])
    place = Place(call.request)
    return page(
        call.request,
        "parties/branches.html",
        f"Branches of {name}",
        pacticipant_crumbs(place, name, "Branches"),
        own=own,
        tabs=pacticipant_tabs(place, name, "branches"),
        rows=rows,
        total=total,
        asked=wanted,
        around=around,
    )


@router.get("/pacticipants/{name:seg}/versions/{number:seg}")
@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/versions/{number:seg}")
def show(name: str, number: str, call: Html, branch: str | None = None) -> Response:
    """Show a version."""
    del branch
    with call.read() as connection:
        return _one(call, connection, existing_version(connection, name, number))


@router.get("/pacticipants/{name:seg}/latest-version")
@router.get("/pacticipants/{name:seg}/latest-version/{tag:seg}")
def show_latest(name: str, call: Html, tag: str | None = None) -> Response:
    """Show the newest version, or the newest with a tag."""
    with call.read() as connection:
        return _one(call, connection, _there(store.latest(connection, name, tag)))


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/latest-version")
def show_head(name: str, branch: str, call: Html) -> Response:
    """Show the head of a branch."""
    with call.read() as connection:
        return _one(call, connection, _there(store.branch_head(connection, name, branch)))


def _there(found: Version | None) -> Version:
    if found is None:
        raise NotFoundError
    return found


def _list(
    call: Call, connection: Connection, name: str, found: tuple[list[Version], int], wanted: Asked, title: str, end: str
) -> Response:
    rows, total = found
    place = Place(call.request)
    is_searched = end == "Versions" or end.startswith("Branch ")
    return page(
        call.request,
        "parties/versions.html",
        title,
        pacticipant_crumbs(place, name, end),
        name=name,
        tabs=pacticipant_tabs(place, name, "versions" if end == "Versions" else ""),
        is_searched=is_searched,
        rows=rows,
        total=total,
        asked=wanted,
        around=surroundings_of(connection, [row.id for row in rows]),
    )


def _one(call: Call, connection: Connection, version: Version) -> Response:
    pacts = pact_store.of_versions(connection, [version.id])
    last = last_of_contents(connection, [pact.content_id for pact in pacts])
    wanted = asked(call, COLUMNS, "", size=25)
    results, total = of_provider_version(connection, version.id, wanted.page)
    deployed, released = deployment_store.of_versions(connection, [version.id])
    places = environment_store.listing(connection)
    name = {place.id: place for place in places}
    place = Place(call.request)
    states = [
        of_result(success=one.success, pending=one.pending) if one else of_result(success=None)
        for one in map(last.get, (pact.content_id for pact in pacts))
    ]
    return page(
        call.request,
        "parties/version.html",
        f"{version.pacticipant} {short(version.number)}",
        pacticipant_crumbs(place, version.pacticipant, f"Version {short(version.number)}"),
        version=version,
        tabs=pacticipant_tabs(place, version.pacticipant, ""),
        around=surroundings_of(connection, [version.id, *(one.version_id for one in last.values())]),
        environments=places,
        deployed=[(one, name[one.environment_id]) for one in reversed(deployed)],
        released=[(one, name[one.environment_id]) for one in reversed(released)],
        pacts=[(pact, last.get(pact.content_id), state) for pact, state in zip(pacts, states, strict=True)],
        results=[(one, of_result(success=one.success, pending=one.pending)) for one in results],
        total=total,
        asked=wanted,
    )
