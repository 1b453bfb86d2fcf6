"""Looks for a text in the names of everything."""

from fastapi import APIRouter, Response

from saga_broker.acts.surroundings import surroundings_of
from saga_broker.pages.frame.asking import Html
from saga_broker.pages.frame.lists import MAX_TEXT
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.rows import Page
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import sagas as saga_store
from saga_broker.store.questions.found import branches_found, versions_found

router = APIRouter(tags=["pages"])
SOME = Page(1, 20)


@router.get("/ui/search")
def show(call: Html) -> Response:
    """Show the pacticipants, sagas, versions, branches and environments whose names hold a text."""
    part = (call.text("q") or "").strip()[:MAX_TEXT]
    with call.read() as connection:
        pacticipants, count = pacticipant_store.search(connection, part, None, SOME) if part else ([], 0)
        versions, version_count = versions_found(connection, part, SOME) if part else ([], 0)
        branches, branch_count = branches_found(connection, part, SOME) if part else ([], 0)
        environments = [
            one for one in environment_store.listing(connection) if part.lower() in f"{one.name} {one.display_name}".lower()
        ]
        sagas, saga_count = saga_store.heads(connection, part, SOME) if part else ([], 0)
        around = surroundings_of(connection, [one.id for one in versions])
    return page(
        call.request,
        "search.html",
        f"Search for “{part}”" if part else "Search",
        [Crumb("Search")],
        twin=None,
        part=part,
        pacticipants=pacticipants,
        count=count,
        versions=versions,
        version_count=version_count,
        branches=branches,
        branch_count=branch_count,
        environments=environments[: SOME.size] if part else [],
        around=around,
        sagas=sagas,
        saga_count=saga_count,
    )
