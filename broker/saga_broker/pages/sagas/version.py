"""A version of a saga, and a step of it: each history of the deck as a sequence of calls, with the faults that cause it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from markupsafe import Markup
from sqlalchemy import Connection

from saga_broker.acts import saga_overview as act
from saga_broker.api.saga import asked
from saga_broker.api.saga.overview import shown_deck
from saga_broker.gate.run.files import SagaFile
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import Links
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.writing import Crumb, page, with_query
from saga_broker.pages.sagas.saga import drawing
from saga_broker.pages.sagas.sequence import sequence
from saga_broker.pages.sagas.states import CELLS
from saga_broker.store import deck_results as deck_store
from saga_broker.store import sagas as store
from saga_broker.store.deck_results import Told
from saga_broker.store.sagas import SagaVersion
from saga_broker.views import saga_overview as views
from saga_broker.views.waivers import waived
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.derive import trials
from saga_contracts.derive.decks import History
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.show.wording import faults_words
from saga_contracts.wire import exact

router = APIRouter(tags=["pages"])
SHOWN = 60
"""So many histories are drawn on a page; the others are listed by name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A history as it is shown.

    Attributes:
        history: What arrives.
        caused: How it comes about, in words.
        drawing: Its calls; None for those beyond the first ones.
        told: What the chosen result says of it; empty when it was not played.
    """

    history: History
    caused: str
    drawing: Markup | None
    told: Mapping[str, Any]


@router.get("/sagas/{saga:seg}/versions/{number:seg}")
def show(saga: str, number: str, call: Html) -> Response:
    """Show a version of a saga."""
    with call.read() as connection:
        version, file = existing(connection, saga, number)
        steps = store.steps_of(connection, [version.id]).get(version.id, [])
    links = Place(call.request).links
    return page(
        call.request,
        "sagas/version.html",
        f"{saga} {number}",
        [*_way(links, saga), Crumb(number)],
        version=version,
        read=file,
        steps=steps,
        drawing=drawing(links, version, {}),
        waivers=waived(saga, number, file.saga.waivers if file.saga else (), call.today),
        content=version.content.decode(errors="replace"),
    )


@router.get("/sagas/{saga:seg}/versions/{number:seg}/steps/{step:seg}")
def show_step(saga: str, number: str, step: str, call: Html) -> Response:
    """Show a step of a saga version."""
    faults = asked.faults(call)
    with call.read() as connection:
        version, file = existing(connection, saga, number)
        slice_ = file.slices.get(step)
        if slice_ is None:
            raise NotFoundError
        results = deck_store.recent(connection, step, [slice_.sha], act.RECENT)
        result = _chosen(results, call.text("result"))
        told = {} if result is None else _histories(connection, result)
    links = Place(call.request).links
    own = links.url("sagas", saga, "versions", number)
    histories, tried = _shown(slice_, faults, version.executor, told)
    return page(
        call.request,
        "sagas/step.html",
        step,
        [*_way(links, saga), Crumb(number, own), Crumb(step)],
        version=version,
        slice=slice_,
        step=slice_.step if file.saga is None else file.saga.step(step),
        faults=faults,
        histories=histories,
        trials=[(trial, told.get(trial.name, {})) for trial in tried],
        results=results,
        result=result,
        waivers=waived(saga, number, slice_.waivers, call.today),
        cells=CELLS,
        catalogue=CATALOGUE,
        by_result=lambda one: with_query(Place(call.request).path, {"faults": str(faults), "result": str(one)}),
        tabs=[
            (f"{k} fault{'' if k == 1 else 's'}", with_query(Place(call.request).path, {"faults": str(k)}), k == faults)
            for k in range(views.MOST_FAULTS + 1)
            if views.is_shown(slice_, k)
        ],
    )


def existing(connection: Connection, saga: str, number: str) -> tuple[SagaVersion, SagaFile]:
    """Give a saga version with its file.

    Raises:
        NotFoundError: There is none.
    """
    version = store.find(connection, saga, number)
    if version is None:
        raise NotFoundError
    return version, act.read(version)


def _way(links: Links, saga: str) -> list[Crumb]:
    return [Crumb("Sagas", links.url("sagas")), Crumb(saga, links.url("sagas", saga))]


def _chosen(results: list[Told], wanted: str | None) -> Told | None:
    return next((one for one in results if str(one.id) == wanted), results[0] if results else None)


def _histories(connection: Connection, result: Told) -> dict[str, Mapping[str, Any]]:
    found = deck_store.find(connection, result.id)
    return {str(one.get("word")): one for one in (exact.loads(found.histories) if found else [])}


def _shown(
    slice_: StepSlice, faults: int, executor: str, told: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Shown], tuple[Trial, ...]]:
    known = shown_deck(slice_, faults)
    listed = []
    for number, history in enumerate(known.deck.histories):
        words = faults_words(history.faults, known.causes.get(history.word, ()))
        picture = sequence(slice_.step, history, executor) if number < SHOWN else None
        listed.append(Shown(history, words, picture, told.get(history.name, {})))
    return listed, trials.derive(slice_, known.deck)
