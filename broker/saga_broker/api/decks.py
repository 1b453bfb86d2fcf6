"""Results of playing decks: what a verifier found out about a step at a provider version."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.tagging import put_on_branch
from saga_broker.api.call import Call, calling, respond
from saga_broker.api.fields import Faults, address, array, filled, one_line, one_of, text
from saga_broker.http.errors import RefusedError
from saga_broker.http.hal import link
from saga_broker.http.media import HAL, JSON
from saga_broker.store import sagas as store
from saga_broker.store import versions as version_store
from saga_broker.views import saga as views

router = APIRouter(tags=["deck results"])
DeckCall = Annotated[Call, calling(offers=(HAL, JSON))]
NewDeckCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(JSON,))]
PATH = "/sagas/{saga:seg}/contents/{sha:seg}/steps/{step:seg}/providers/{provider:seg}/versions/{number:seg}/deck-results"
VERDICTS = ("kept", "broken", "unproven", "pending", "waived")
OBLIGATION_VERDICTS = (*VERDICTS, "not applicable")
MAX_FAULTS = 10_000
MAX_CLAIM = 20_000
FIELDS = ("derivation", "faults", "verifier", "verdict", "claim", "obligations", "histories")


@router.post(PATH, status_code=201)
def publish(saga: str, sha: str, step: str, provider: str, number: str, call: NewDeckCall) -> Response:
    """Publish the result of playing a step's deck; the newest result counts."""
    body = call.object()
    _check(body)
    with call.write() as connection:
        _refuse_unknown_slice(connection, saga, step, sha, provider)
        version, _ = version_store.get_or_create(connection, provider, number)
        if body.get("branch"):
            put_on_branch(connection, call.settings, version, body["branch"])
        values = {name: body[name] for name in FIELDS} | {"branch": body.get("branch"), "build_url": body.get("buildUrl")}
        store.record_deck_result(connection, version, saga=saga, step=step, sha=sha, **values)
        newest = store.deck_results_of(connection, step, sha, version.id)[0]
    location = views.deck_results_url(call.links, saga, sha, step, provider, number)
    document = {**views.deck_result(newest), "_links": {"self": link(location, "Deck results")}}
    return respond(document, 201, location=location, media_type=call.media_type)


@router.get(PATH)
def show(saga: str, sha: str, step: str, provider: str, number: str, call: DeckCall) -> Response:
    """List the results of a step's deck at a provider version, the newest first."""
    with call.read() as connection:
        _refuse_unknown_slice(connection, saga, step, sha, provider)
        version = version_store.find(connection, provider, number)
        rows = [] if version is None else store.deck_results_of(connection, step, sha, version.id)
    own = views.deck_results_url(call.links, saga, sha, step, provider, number)
    document = {
        "_embedded": {"deckResults": [views.deck_result(row) for row in rows]},
        "_links": {"self": link(own, f"Deck results of step {step} of {saga} at {provider} {number}")},
    }
    return respond(document, media_type=call.media_type)


def _refuse_unknown_slice(connection: Connection, saga: str, step: str, sha: str, provider: str) -> None:
    participant = store.is_known_slice(connection, saga, step, sha)
    if participant is None:
        text_ = (
            f"No version of saga {saga} has a step {step} with content {sha[:12]}. "
            "Publish the saga file first; the address of a step's content stands in the saga's steps."
        )
        raise RefusedError(404, text_)
    if participant != provider:
        raise RefusedError(404, f"Step {step} of saga {saga} is done by {participant}, not by {provider}.")


def _check(body: dict[str, Any]) -> None:
    faults = Faults()
    faults.check(body, "derivation", _count, required=True, null=False)
    faults.check(body, "faults", _count, required=True, null=False)
    faults.check(body, "verifier", text, filled, required=True, null=False)
    faults.check(body, "verdict", one_of(*VERDICTS), required=True, null=False)
    faults.check(body, "branch", text, filled, one_line)
    faults.check(body, "buildUrl", address, one_line)
    faults.check(body, "claim", _words, required=True, null=False)
    faults.check(body, "obligations", _obligations, required=True, null=False)
    faults.check(body, "histories", array, _histories, required=True, null=False)
    faults.raise_any()


def _count(value: Any) -> str | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_FAULTS
    return None if is_count else f"must be a whole number from 0 to {MAX_FAULTS}"


def _words(value: Any) -> str | None:
    if not isinstance(value, str) or "\0" in value:
        return "must be a string"
    return None if len(value) <= MAX_CLAIM else "is too long"


def _obligations(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object of obligations and verdicts"
    wrong = [name for name, verdict in value.items() if verdict not in OBLIGATION_VERDICTS]
    return f"must give each obligation one of: {', '.join(OBLIGATION_VERDICTS)}" if wrong else None


def _histories(value: list[Any]) -> str | None:
    if not value:
        return "must hold at least one history: a deck of which nothing was played proves nothing"
    for index, history in enumerate(value):
        if not isinstance(history, dict) or not isinstance(history.get("word"), str):
            return f"word is missing (at index {index})"
        if history.get("verdict") not in OBLIGATION_VERDICTS:
            return f"verdict must be one of: {', '.join(OBLIGATION_VERDICTS)} (at index {index})"
        if not isinstance(history.get("obligations", []), list):
            return f"obligations must be an array (at index {index})"
    return None
