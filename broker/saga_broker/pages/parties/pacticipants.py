"""The list of pacticipants, and one of them: its branches, versions, integrations, results, and what of it is where."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.surroundings import surroundings_of
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.states import STATES, of_result
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.parties.tabs import pacticipant_crumbs, pacticipant_tabs
from saga_broker.rows import Page
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as store
from saga_broker.store import versions as version_store
from saga_broker.store.questions import places
from saga_broker.store.questions.found import branches_found, versions_found
from saga_broker.store.questions.overview import Wish, overview
from saga_broker.store.questions.results import of_provider

router = APIRouter(tags=["pages"])
COLUMNS = (Column("Pacticipant"), Column("Main branch"), Column("Labels"), Column("Newest version"))
FEW, SOME = Page(1, 8), Page(1, 25)


@router.get("/pacticipants")
def list_pacticipants(call: Html) -> Response:
    """Show all pacticipants."""
    return _list(call, None)


@router.get("/pacticipants/label/{label:seg}")
def list_with_label(label: str, call: Html) -> Response:
    """Show the pacticipants with a label."""
    return _list(call, label)


def _list(call: Call, label: str | None) -> Response:
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        rows, total = store.search(connection, wanted.q, label, wanted.page)
        ids = [row.id for row in rows]
        newest = version_store.latest_of_each(connection, ids)
        labels = store.labels_of(connection, ids)
        every = store.all_labels(connection)
    title = "Pacticipants" if label is None else f"Pacticipants labelled {label}"
    place = Place(call.request)
    return page(
        call.request,
        "parties/pacticipants.html",
        title,
        [] if label is None else [Crumb("Pacticipants", place.links.url("pacticipants")), Crumb(label)],
        rows=rows,
        total=total,
        asked=wanted,
        columns=COLUMNS,
        newest=newest,
        labels=labels,
        label=label,
        every_label=every[: FEW.size * 5],
    )


@router.get("/pacticipants/{name:seg}")
def show(name: str, call: Html) -> Response:
    """Show a pacticipant."""
    with call.read() as connection:
        return _one(call, connection, name)


def _one(call: Call, connection: Connection, name: str) -> Response:
    own = existing(connection, name)
    branches, branch_count = branches_found(connection, "", FEW, own.id)
    versions, version_count = versions_found(connection, "", FEW, own.id)
    rows, integration_count = overview(connection, Wish(pacticipant_id=own.id, sort="status"), SOME)
    results, result_count = of_provider(connection, own.id, FEW)
    live = places.of_pacticipants(connection, [own.id])
    ids = [one.id for one in versions] + [one.version_id for one in live] + [one.version_id for one in branches if one.version_id]
    environments = environment_store.listing(connection)
    return page(
        call.request,
        "parties/pacticipant.html",
        own.display_name if own.display_name == name else name,
        pacticipant_crumbs(Place(call.request), name),
        own=own,
        labels=store.labels_of(connection, [own.id]).get(own.id, []),
        tabs=pacticipant_tabs(Place(call.request), name, "about"),
        branches=branches,
        branch_count=branch_count,
        versions=versions,
        version_count=version_count,
        integrations=rows,
        integration_count=integration_count,
        states=STATES,
        results=[(one, of_result(success=one.success, pending=one.pending)) for one in results],
        result_count=result_count,
        environments=[(place, [one for one in live if one.environment_id == place.id]) for place in environments],
        around=surroundings_of(connection, ids),
    )
