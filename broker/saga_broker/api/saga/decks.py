"""Results of playing decks: what a verifier found out about a step at a provider version.

The gate works its verdict out from the histories. A history says what it checks (`obligations`), from what it deviated
(`broken`), what was looked at to its end (`seen`), what a deviation hid (`unseen`), and why it could not be judged (`trouble`).
Results without `seen`, from older verifiers, are taken; nothing good can be worked out from them.
"""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.events.saga_events import announce_deck
from saga_broker.acts.tagging import put_on_branch
from saga_broker.api.reading.call import Call, calling, respond
from saga_broker.api.reading.fields import Faults, address, array, filled, one_line, one_of, text
from saga_broker.http.errors import RefusedError
from saga_broker.http.hal import link
from saga_broker.http.media import HAL, JSON
from saga_broker.store import deck_results as store
from saga_broker.store import sagas as saga_store
from saga_broker.store import versions as version_store
from saga_broker.views import saga as views
from saga_contracts.derive.adoption import Evidence

router = APIRouter(tags=["deck results"])
DeckCall = Annotated[Call, calling(offers=(HAL, JSON))]
NewDeckCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(JSON,))]
PATH = "/sagas/{saga:seg}/contents/{sha:seg}/steps/{step:seg}/providers/{provider:seg}/versions/{number:seg}/deck-results"
VERDICTS = ("kept", "broken", "unproven", "pending", "waived")
OBLIGATION_VERDICTS = (*VERDICTS, "not applicable")
EVIDENCE = tuple(kind.value for kind in Evidence)
MAX_FAULTS = 10_000
MAX_CLAIM = 20_000
FIELDS = ("derivation", "faults", "verifier", "verdict", "claim", "obligations", "histories")


@router.post(PATH, status_code=201)
def publish(saga: str, sha: str, step: str, provider: str, number: str, call: NewDeckCall) -> Response:
    """Publish the result of playing a step's deck; the gate works out from its histories what it says."""
    body = call.object()
    check(body)
    with call.write() as connection:
        _refuse_unknown_slice(connection, saga, step, sha, provider)
        version, _ = version_store.get_or_create(connection, provider, number)
        if body.get("branch"):
            put_on_branch(connection, call.settings, version, body["branch"])
        values = {name: body[name] for name in FIELDS} | {"branch": body.get("branch"), "build_url": body.get("buildUrl")}
        stored = store.find(connection, store.record(connection, version, saga=saga, step=step, sha=sha, **values))
        assert stored is not None  # noqa: S101  (stored in this transaction)
        announce_deck(connection, call.settings, call.links.base, stored)
    location = views.deck_results_url(call.links, saga, sha, step, provider, number)
    document = {**views.deck_result(stored), "_links": {"self": link(location, "Deck results")}}
    return respond(document, 201, location=location, media_type=call.media_type)


@router.get(PATH)
def show(saga: str, sha: str, step: str, provider: str, number: str, call: DeckCall) -> Response:
    """List the results of a step's deck at a provider version, the newest first."""
    with call.read() as connection:
        _refuse_unknown_slice(connection, saga, step, sha, provider)
        version = version_store.find(connection, provider, number)
        rows = [] if version is None else store.of_slice(connection, step, sha, version.id)
    own = views.deck_results_url(call.links, saga, sha, step, provider, number)
    document = {
        "_embedded": {"deckResults": [views.deck_result(row) for row in rows]},
        "_links": {"self": link(own, f"Deck results of step {step} of {saga} at {provider} {number}")},
    }
    return respond(document, media_type=call.media_type)


def _refuse_unknown_slice(connection: Connection, saga: str, step: str, sha: str, provider: str) -> None:
    participant = saga_store.is_known_slice(connection, saga, step, sha)
    if participant is None:
        text_ = (
            f"No version of saga {saga} has a step {step} with content {sha[:12]}. "
            "Publish the saga file first; the address of a step's content stands in the saga's steps."
        )
        raise RefusedError(404, text_)
    if participant != provider:
        raise RefusedError(404, f"Step {step} of saga {saga} is done by {participant}, not by {provider}.")


def check(body: dict[str, Any]) -> None:
    """See that a body is a deck result.

    Raises:
        InvalidError: It has faults.
    """
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
        fault = _history(history)
        if fault is not None:
            return f"{fault} (at index {index})"
    words = [history["word"] for history in value if history.get("seen") is not None]
    again = next((word for word, count in Counter(words).items() if count > 1), None)
    return None if again is None else f"must hold each history once, and holds {again!r} several times"


def _history(history: Any) -> str | None:
    if not isinstance(history, dict) or not isinstance(history.get("word"), str):
        return "word is missing"
    if history.get("verdict") not in OBLIGATION_VERDICTS:
        return f"verdict must be one of: {', '.join(OBLIGATION_VERDICTS)}"
    checks = {
        "obligations": _texts, "broken": _broken, "seen": _seen, "unseen": _texts, "trouble": _plain, "text": _plain,
        "how": _plain, "inapplicable": _plain,
    }  # fmt: skip
    for name, check in checks.items():
        fault = check(history[name]) if history.get(name) is not None else None
        if fault is not None:
            return f"{name} {fault}"
    return None


def _texts(value: Any) -> str | None:
    return None if isinstance(value, list) and all(isinstance(one, str) for one in value) else "must be an array of strings"


def _plain(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def _seen(value: Any) -> str | None:
    good = isinstance(value, list) and all(isinstance(one, str) and one in EVIDENCE for one in value)
    return None if good else f"must be an array of: {', '.join(EVIDENCE)}"


def _broken(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be an array"
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("obligation"), str) or not one["obligation"]:
            return "must name the obligation of each deviation"
        if not isinstance(one.get("text", ""), str):
            return "must tell each deviation by a text"
    return None
