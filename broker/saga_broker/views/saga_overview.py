"""Documents of a saga as a whole and of one of its steps: what the pages show, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from urllib.parse import urlencode

from saga_broker.acts.running import Part, Running
from saga_broker.acts.saga_overview import SagaOverview
from saga_broker.http.hal import Document, Links, link, moment
from saga_broker.store.deck_results import Told
from saga_broker.store.sagas import SagaVersion
from saga_broker.views import heat, waivers
from saga_broker.views.heat import Column
from saga_broker.views.saga import deck_results_url, saga_version
from saga_broker.views.waivers import Waived
from saga_contracts.derive import causes, decks, trials
from saga_contracts.derive.causes import Cause
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.show.wording import deck_json

MOST_FAULTS, MOST_WORK = 2, 10
"""The most faults for which causes are told, and the most tries to the power of them: looking for them grows fast."""


@dataclass(frozen=True, slots=True)
class Caused:
    """A deck with the faults that cause each of its histories, by word."""

    deck: Deck
    causes: Mapping[str, tuple[Cause, ...]]


def saga(links: Links, found: SagaOverview, today: date) -> Document:
    """Write a saga: its newest version, how it stands in each environment, its waivers, its last results and versions."""
    own = links.url("sagas", found.newest.saga)
    document = saga_version(links, found.newest, found.steps, with_content=False)
    return {
        "saga": found.newest.saga,
        "description": found.file.saga.description if found.file.saga else "",
        "fault": found.file.fault,
        "newestVersion": document,
        "environments": [_place(links, place, columns_of(found, place)) for place in found.places],
        "waivers": [waivers.document(one) for one in waivers_of(found, today)],
        "results": {step: [_told(links, one) for one in told] for step, told in found.results.items()},
        "versions": [_version(links, one) for one in found.versions],
        "_links": {"self": link(own, "Saga", found.newest.saga), "saga:sagas": link(links.url("sagas"), "All sagas")},
    }


def columns_of(found: SagaOverview, place: Running) -> list[Column]:
    """Give what each step owes at each live version in an environment."""
    listed: list[Column] = []
    for part in place.parts:
        file = found.file_of(part.saga_version)
        slices = {} if file is None else file.slices
        listed += heat.columns(part.saga_version, part.verdict.steps, slices, part.verdict.reasons)
    return listed


def waivers_of(found: SagaOverview, today: date) -> list[Waived]:
    """Give the waivers of the live versions and of the newest one, each once, those that end first at the front."""
    listed: dict[tuple[str, str, str], Waived] = {}
    for number in found.live:
        file = found.file_of(number)
        for one in waivers.waived(found.newest.saga, number, file.saga.waivers if file and file.saga else (), today):
            listed.setdefault((one.step, one.obligation, one.expires), one)
    return sorted(listed.values(), key=lambda one: (one.expires, one.step, one.obligation))


def _place(links: Links, place: Running, columns: Sequence[Column]) -> Document:
    name = place.environment.name
    return {
        "environment": name,
        "displayName": place.environment.display_name,
        "production": place.environment.production,
        "there": place.is_there,
        "canRun": place.verdict.can_run,
        "summary": place.verdict.summary,
        "versions": [_part(part) for part in place.parts],
        "steps": [_column(column) for column in columns],
        "_links": {
            "saga:can-run": link(
                f"{links.url('sagas', place.saga, 'can-run')}?{urlencode({'environment': name})}", "Can it run there"
            )
        },
    }


def _part(part: Part) -> Document:
    until = part.in_flight.until if part.in_flight else None
    return {
        "sagaVersion": part.saga_version,
        "executesAs": part.executes_as,
        "executorVersion": part.executor_version,
        "inFlight": part.in_flight is not None,
        "inFlightUntil": None if until is None else moment(until),
    }


def _column(column: Column) -> Document:
    return {
        "sagaVersion": column.saga_version,
        "step": column.step,
        "participant": column.participant,
        "version": column.version,
        "level": column.level,
        "pact": column.pact,
        "deck": column.deck,
        "obligations": {name: {"verdict": cell.word, "why": cell.why} for name, cell in column.cells.items()},
    }


def _told(links: Links, one: Told) -> Document:
    return {
        "provider": one.provider,
        "providerVersion": one.provider_version,
        "verdict": one.verdict,
        "faults": one.faults,
        "derivation": one.derivation,
        "verifier": one.verifier,
        "branch": one.branch,
        "buildUrl": one.build_url,
        "sha": one.sha,
        "createdAt": moment(one.created_at),
        "_links": {
            "saga:deck-results": link(
                deck_results_url(links, one.saga, one.sha, one.step, one.provider, one.provider_version), "Results of this deck"
            )
        },
    }


def _version(links: Links, one: SagaVersion) -> Document:
    own = links.url("sagas", one.saga, "versions", one.number)
    return {
        "version": one.number,
        "branch": one.branch,
        "sha": one.sha,
        "level": one.level,
        "createdAt": moment(one.created_at),
        "_links": {"self": link(own, "Saga version", f"{one.saga} {one.number}")},
    }


def step(links: Links, version: SagaVersion, slice_: StepSlice, known: Caused, results: Sequence[Told], today: date) -> Document:
    """Write a step of a saga version: its deck, each history with what must follow and what causes it, and the last results."""
    own = links.url("sagas", version.saga, "versions", version.number, "steps", slice_.step.step)
    listed = waivers.waived(version.saga, version.number, slice_.waivers, today)
    return {
        **deck_json(known.deck, known.causes),
        "version": version.number,
        "class": slice_.step.step_class.value,
        "level": slice_.level,
        "trials": [_trial(one) for one in trials.derive(slice_, known.deck)],
        "waivers": [waivers.document(one) for one in listed],
        "results": [_told(links, one) for one in results],
        "_links": {
            "self": link(own, "Step", slice_.step.step),
            "saga:version": link(links.url("sagas", version.saga, "versions", version.number), "Saga version", version.number),
            "pb:pacticipant": link(links.pacticipant(slice_.step.participant), "Participant", slice_.step.participant),
        },
    }


def _trial(one: Trial) -> Document:
    return {"kind": one.kind.value, "name": one.name, "word": one.history.word, "obligations": list(one.obligations)}


def deck_of(slice_: StepSlice, faults: int) -> Caused | None:
    """Give the deck of a step with its causes; what was derived once is kept. None where it is too much work."""
    return _deck(_Key(slice_.sha, faults, slice_)) if is_shown(slice_, faults) else None


def is_shown(slice_: StepSlice, faults: int) -> bool:
    """Is the deck of a step for so many faults small enough to be shown with its causes?"""
    return faults <= MOST_FAULTS and slice_.step.tries**faults <= MOST_WORK


@dataclass(frozen=True, slots=True)
class _Key:
    """Names a deck; two slices of one sha are the same."""

    sha: str
    faults: int
    slice_: StepSlice = field(compare=False)


@lru_cache(maxsize=256)
def _deck(key: _Key) -> Caused:
    deck = decks.derive(key.slice_, key.faults)
    return Caused(deck, causes.of_deck(key.slice_, deck))
