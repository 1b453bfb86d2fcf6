"""A saga as a whole, and one of its steps: what people look at, as JSON."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import saga_overview as act
from saga_broker.api.reading.call import Call, respond
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.api.saga import asked
from saga_broker.api.saga.sagas import SagaCall
from saga_broker.http.errors import InvalidError, NotFoundError, RefusedError
from saga_broker.http.hal import Document
from saga_broker.rows import Page
from saga_broker.store import deck_results as deck_store
from saga_broker.store import sagas as store
from saga_broker.views import saga_overview as views
from saga_contracts.derive.slices import StepSlice

router = APIRouter(tags=["sagas"])
VERSIONS = 20
"""So many versions are listed unless a page asks for more."""


@router.get("/sagas/{saga:seg}")
def show(saga: str, call: SagaCall) -> Response:
    """Show a saga: how it stands in each environment, obligation by obligation, with its waivers and last results."""
    page = page_of(call) or Page(1, VERSIONS)
    with call.read() as connection:
        found = act.overview(connection, saga, page, call.now)
    if found is None:
        raise RefusedError(404, f"No saga with name '{saga}' found")
    document = views.saga(call.links, found, call.today)
    return respond(with_page(document, page, found.total, call.links.url("sagas", saga), call), media_type=call.media_type)


@router.get("/sagas/{saga:seg}/versions/{number:seg}/steps/{step:seg}")
def show_step(saga: str, number: str, step: str, call: SagaCall) -> Response:
    """Show a step of a saga version: each history of its deck, what causes it, and the last results."""
    faults = asked.faults(call)
    with call.read() as connection:
        shown = step_of(call, connection, (saga, number, step), faults)
    return respond(shown, media_type=call.media_type)


def step_of(call: Call, connection: Connection, named: tuple[str, str, str], faults: int) -> Document:
    """Write a step of a saga version.

    Raises:
        NotFoundError: There is no such version, or it has no such step.
        InvalidError: The deck for so many faults is too large.
    """
    version = store.find(connection, named[0], named[1])
    file = None if version is None else act.read(version)
    slice_ = None if file is None else file.slices.get(named[2])
    if version is None or slice_ is None:
        raise NotFoundError
    known = shown_deck(slice_, faults)
    results = deck_store.recent(connection, named[2], [slice_.sha], act.RECENT)
    return views.step(call.links, version, slice_, known, results, call.today)


def shown_deck(slice_: StepSlice, faults: int) -> views.Caused:
    """Give the deck of a step with its causes.

    Raises:
        InvalidError: It is too large to be shown.
    """
    found = views.deck_of(slice_, faults)
    if found is None:
        raise InvalidError({"faults": ["make the deck too large to be shown; ask for fewer"]}, parameters=True)
    return found
