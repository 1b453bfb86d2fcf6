"""A pact as prose: what is asked and answered, by which rules, and how each interaction fared when it was last verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from saga_broker.acts import metadata
from saga_broker.acts.surroundings import surroundings_of
from saga_broker.api.contracts.pacts import PAIR, by_content, existing_pact, previous_distinct
from saga_broker.api.reading.call import Call
from saga_broker.http.errors import NotFoundError
from saga_broker.pact import interaction_results
from saga_broker.pact.content import specification_version
from saga_broker.pact.interaction_results import InteractionResult
from saga_broker.pact.shown.interactions import Interaction, interactions, plugins, pretty
from saga_broker.pages.contracts.pair import pair_crumbs, pair_tabs
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Asked, Column, asked, cut
from saga_broker.pages.frame.states import of_result
from saga_broker.pages.frame.writing import page, short
from saga_broker.rows import Page, Publication
from saga_broker.store import pacts as store
from saga_broker.store import verifications as verification_store
from saga_broker.store.pacts import Which
from saga_broker.store.questions import results as result_store
from saga_contracts.wire import exact

router = APIRouter(tags=["pages"])
SIZE, RESULTS, MOST_RAW = 25, 10, 200_000
COLUMNS = (Column("Interaction"),)


@router.get(PAIR + "/latest")
def show_latest(provider: str, consumer: str, call: Html) -> Response:
    """Show the pact of the newest consumer version."""
    return _newest(call, Which(consumer, provider))


@router.get(PAIR + "/latest-untagged")
def show_untagged(provider: str, consumer: str, call: Html) -> Response:
    """Show the pact of the newest consumer version without a tag."""
    return _newest(call, Which(consumer, provider, untagged=True))


@router.get(PAIR + "/latest/{tag:seg}")
def show_tagged(provider: str, consumer: str, tag: str, call: Html) -> Response:
    """Show the pact of the newest consumer version with a tag."""
    return _newest(call, Which(consumer, provider, tag=tag))


@router.get(PAIR + "/branch/latest")
def show_of_main_branch(provider: str, consumer: str, call: Html) -> Response:
    """Show the pact of the newest consumer version on its main branch."""
    return _newest(call, Which(consumer, provider, main_branch=True))


@router.get(PAIR + "/branch/{branch:seg}/latest")
def show_of_branch(provider: str, consumer: str, branch: str, call: Html) -> Response:
    """Show the pact of the newest consumer version on a branch."""
    return _newest(call, Which(consumer, provider, branch=branch))


@router.get(PAIR + "/version/{number:seg}")
@router.get(PAIR + "/versions/{number:seg}")
def show(provider: str, consumer: str, number: str, call: Html) -> Response:
    """Show the pact of a consumer version."""
    return _newest(call, Which(consumer, provider, number))


@router.get(PAIR + "/version/{number:seg}/previous-distinct")
def show_previous(provider: str, consumer: str, number: str, call: Html) -> Response:
    """Show the newest older pact with another content."""
    with call.read() as connection:
        found = previous_distinct(connection, existing_pact(connection, Which(consumer, provider, number)))
        if found is None:
            raise NotFoundError
        return _page(call, connection, found)


@router.get(PAIR + "/pact-version/{sha:seg}")
def show_content(provider: str, consumer: str, sha: str, call: Html) -> Response:
    """Show a pact by its content."""
    return _newest(call, Which(consumer, provider, sha=sha))


@router.get(PAIR + "/pact-version/{sha:seg}/metadata/{meta:seg}")
def show_content_with_metadata(provider: str, consumer: str, sha: str, meta: str, call: Html) -> Response:
    """Show a pact by its content, for the consumer version in the metadata."""
    with call.read() as connection:
        return _page(call, connection, by_content(connection, provider, consumer, sha, metadata.decode(meta)))


def _newest(call: Call, which: Which) -> Response:
    with call.read() as connection:
        return _page(call, connection, existing_pact(connection, which))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an interaction fared in the result that is shown."""

    interaction: Interaction
    result: InteractionResult | None

    @property
    def success(self) -> bool | None:
        """Tell whether it succeeded; None when nothing was told."""
        return self.result.success if self.result else None


def _page(call: Call, connection: Connection, pact: Publication) -> Response:
    document = exact.loads(store.content(connection, pact.content_id))
    last, count = result_store.of_content(connection, pact.content_id, Page(1, RESULTS))
    told = verification_store.find(connection, last[0].id) if last else None
    around = surroundings_of(connection, [pact.version_id, *(one.version_id for one in last)])
    found = interactions(document)
    outcomes = [] if found is None else _outcomes(document, found, told.test_results if told else None)
    wanted = asked(call, COLUMNS, "", size=SIZE)
    chosen = _chosen(outcomes, wanted, only_failed=call.text("show") == "failed")
    place = Place(call.request)
    return page(
        call.request,
        "contracts/pact.html",
        f"Pact between {pact.consumer} and {pact.provider}",
        pair_crumbs(place, *pact.pair, f"Pact of {short(pact.number)}"),
        pact=pact,
        own=place.links.pact(pact.consumer, pact.provider, pact.number),
        pair_tabs=pair_tabs(place, *pact.pair, _current(call.request)),
        specification=specification_version(document) if isinstance(document, dict) else None,
        plugins=plugins(document),
        around=around,
        results=last,
        result_count=count,
        result_states=[of_result(success=one.success, pending=one.pending) for one in last],
        state=of_result(success=last[0].success, pending=last[0].pending) if last else of_result(success=None),
        raw=pretty(document)[:MOST_RAW] if found is None else None,
        total_interactions=len(outcomes),
        failed=sum(outcome.success is False for outcome in outcomes),
        only_failed=call.text("show") == "failed",
        outcomes=cut(chosen, wanted.page),
        total=len(chosen),
        asked=wanted,
        badge=_badge(place, pact),
    )


def _current(request: Request) -> str:
    return "pact" if Place(request).path.endswith("/latest") and "/branch/" not in Place(request).path else ""


def _outcomes(document: Any, found: Sequence[Interaction], test_results: str | None) -> list[Outcome]:
    """Put the interactions of a pact beside what the verifier told about each."""
    told = interaction_results.read(exact.loads(test_results), document) if test_results else []
    by_id = {one.interaction_id: one for one in told if one.interaction_id is not None}
    return [Outcome(one, by_id.get(one.id)) for one in found]


def _chosen(outcomes: Sequence[Outcome], wanted: Asked, *, only_failed: bool) -> list[Outcome]:
    part = wanted.q.lower()
    return [
        outcome
        for outcome in outcomes
        if not (only_failed and outcome.success is not False)
        and (not part or part in " ".join([outcome.interaction.description, *dict(outcome.interaction.states)]).lower())
    ]


def _badge(place: Place, pact: Publication) -> dict[str, str]:
    """Give the badge of the pair's newest pact, as Markdown to copy."""
    pair = f"{Place(place.request).base}{place.links.pair(pact.consumer, pact.provider).removeprefix(place.root)}"
    text = f"{pact.consumer}/{pact.provider} pact".replace("[", "").replace("]", "")
    return {"markdown": f"[![{text}]({pair}/latest/badge.svg)]({pair}/latest)"}
