"""Environments side by side, and one of them: what runs where."""

from typing import Any

from fastapi import APIRouter, Response

from saga_broker.api.parties.environments import existing_environment
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.store import environments as store
from saga_broker.store.questions import places
from saga_broker.store.questions.places import Live
from saga_contracts.wire import exact

router = APIRouter(tags=["pages"])
COLUMNS = (Column("Pacticipant"),)
MOST_COLUMNS = 8


@router.get("/environments")
def list_environments(call: Html) -> Response:
    """Show all environments, and what runs in each, side by side."""
    wanted = asked(call, COLUMNS, "")
    chosen = call.request.query_params.getlist("show")
    with call.read() as connection:
        every = store.listing(connection)
        shown = [one for one in every if one.name in chosen] or every[:MOST_COLUMNS]
        rows, total = places.live_pacticipants(connection, wanted.page, wanted.q)
        live = places.of_pacticipants(connection, [row_id for row_id, _ in rows])
        counts = places.counts(connection)
    cells: dict[tuple[int, int], list[Live]] = {}
    for one in live:
        cells.setdefault((one.pacticipant_id, one.environment_id), []).append(one)
    return page(
        call.request,
        "parties/environments.html",
        "Environments",
        every=every,
        shown=shown,
        rows=rows,
        cells=cells,
        differing={row_id for row_id, _ in rows if _differs([cells.get((row_id, one.id), []) for one in shown])},
        counts=counts,
        total=total,
        asked=wanted,
    )


@router.get("/environments/{uuid:seg}")
@router.get("/environments/{uuid:seg}/deployed-versions/currently-deployed")
@router.get("/environments/{uuid:seg}/released-versions/currently-supported")
def show(uuid: str, call: Html) -> Response:
    """Show an environment with what runs in it."""
    wanted = asked(call, COLUMNS, "")
    with call.read() as connection:
        own = existing_environment(connection, uuid)
        rows, total = places.live_pacticipants(connection, wanted.page, wanted.q, own.id)
        live = places.of_pacticipants(connection, [row_id for row_id, _ in rows])
    here: dict[int, list[Live]] = {}
    for one in live:
        if one.environment_id == own.id:
            here.setdefault(one.pacticipant_id, []).append(one)
    name = own.display_name or own.name
    return page(
        call.request,
        "parties/environment.html",
        name,
        [Crumb("Environments", Place(call.request).links.url("environments")), Crumb(name)],
        own=own,
        contacts=_contacts(own.contacts),
        rows=rows,
        here=here,
        total=total,
        asked=wanted,
    )


def _differs(cells: list[list[Live]]) -> bool:
    """Tell whether other versions run in one environment than in another; where nothing runs is not looked at."""
    return len({frozenset(one.number for one in cell) for cell in cells if cell}) > 1


def _contacts(text: str | None) -> list[tuple[str, str]]:
    """Read the contacts of an environment, as name and details."""
    found: Any = exact.loads(text) if text else []
    contacts = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [(str(one.get("name", "")), _details(one.get("details"))) for one in contacts]


def _details(found: Any) -> str:
    if isinstance(found, dict):
        return ", ".join(f"{name}: {value}" for name, value in found.items())
    return "" if found is None else str(found)
