"""A verification's result: who verified what, and how each interaction fared."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.surroundings import surroundings_of
from saga_broker.api.contracts.pacts import PAIR, existing_pact
from saga_broker.api.reading.call import Call
from saga_broker.api.results.verifications import existing_result
from saga_broker.http.errors import NotFoundError
from saga_broker.pact import interaction_results
from saga_broker.pact.shown.interactions import pretty
from saga_broker.pages.contracts.pair import pair_crumbs, pair_tabs
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.states import of_result
from saga_broker.pages.frame.writing import page
from saga_broker.rows import Publication, Verification
from saga_broker.store import pacts as pact_store
from saga_broker.store import verifications as store
from saga_broker.store.pacts import Which
from saga_contracts.wire import exact

router = APIRouter(tags=["pages"])
CONTENT = PAIR + "/pact-version/{sha:seg}"
MOST_SHOWN, MOST_RAW = 500, 100_000


@router.get(CONTENT + "/verification-results/latest")
def show_latest_of_content(provider: str, consumer: str, sha: str, call: Html) -> Response:
    """Show the last result of a content."""
    with call.read() as connection:
        return _last(call, connection, existing_pact(connection, Which(consumer, provider, sha=sha)))


@router.get(PAIR + "/version/{number:seg}/verification-results/latest")
def show_latest_of_version(provider: str, consumer: str, number: str, call: Html) -> Response:
    """Show the last result of the content of a consumer version."""
    with call.read() as connection:
        return _last(call, connection, existing_pact(connection, Which(consumer, provider, number)))


@router.get(PAIR + "/latest/verification-results/latest")
def show_latest(provider: str, consumer: str, call: Html) -> Response:
    """Show the last result of the newest pact."""
    with call.read() as connection:
        return _last(call, connection, existing_pact(connection, Which(consumer, provider)))


@router.get(CONTENT + "/metadata/{meta:seg}/verification-results/{number:seg}")
@router.get(CONTENT + "/verification-results/{number:seg}")
@router.get(CONTENT + "/verification-results/{number:seg}/interaction-results")
def show(provider: str, consumer: str, sha: str, number: str, call: Html, meta: str | None = None) -> Response:
    """Show a result."""
    del meta
    with call.read() as connection:
        result = existing_result(connection, provider, consumer, sha, number)
        return _page(call, connection, result, existing_pact(connection, Which(consumer, provider, sha=sha)))


def _last(call: Call, connection: Connection, pact: Publication) -> Response:
    found = store.latest_of_contents(connection, [pact.content_id])
    if not found:
        raise NotFoundError
    return _page(call, connection, found[pact.content_id], pact)


def _page(call: Call, connection: Connection, result: Verification, pact: Publication) -> Response:
    document = exact.loads(pact_store.content(connection, result.content_id))
    told = exact.loads(result.test_results) if result.test_results is not None else None
    outcomes = interaction_results.read(told, document)
    ordered = sorted(outcomes, key=lambda one: (one.success is not False, one.success is not None))
    place = Place(call.request)
    raw = "" if told is None else pretty(told)
    return page(
        call.request,
        "contracts/result.html",
        f"Result {result.id}",
        pair_crumbs(place, *pact.pair, f"Result {result.id}"),
        result=result,
        pact=pact,
        state=of_result(success=result.success, pending=result.pact_pending),
        pair_tabs=pair_tabs(place, *pact.pair, ""),
        around=surroundings_of(connection, [pact.version_id, result.provider_version_id]),
        verified_by=_verifier(result),
        outcomes=ordered[:MOST_SHOWN],
        counts={word: sum(one.success is value for one in outcomes) for word, value in OUTCOMES.items()},
        is_told=any(one.success is not None for one in outcomes),
        left_out=max(0, len(ordered) - MOST_SHOWN),
        raw=raw[:MOST_RAW],
        is_cut=len(raw) > MOST_RAW,
    )


OUTCOMES = {"failed": False, "passed": True, "not told": None}


def _verifier(result: Verification) -> str:
    """Name what verified; empty when it was not told."""
    sent = exact.loads(result.verified_by) if result.verified_by else None
    if not isinstance(sent, dict):
        return ""
    return " ".join(str(sent[key]) for key in ("implementation", "version") if sent.get(key))
