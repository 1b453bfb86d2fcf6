"""The overview of a consumer and a provider: the pacts that matter, each with how it stands."""

from fastapi import APIRouter, Response

from saga_broker.acts.surroundings import surroundings_of
from saga_broker.api.parties.pacticipants import existing
from saga_broker.pages.contracts.pair import pair_crumbs, pair_tabs
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.states import STATES, of_result
from saga_broker.pages.frame.writing import page
from saga_broker.store.questions import pair as store
from saga_broker.store.questions import results as result_store

router = APIRouter(tags=["pages"])
COLUMNS = (Column("Consumer version"), Column("Published"), Column("State"), Column("Last verified"), Column("Look at"))
WORDS = {
    store.BRANCH: ("Branches", "The newest pact of each branch of the consumer."),
    store.TAG: ("Tags", "The newest pact of each tag of the consumer."),
    store.ENVIRONMENT: ("Environments", "The pacts of the consumer versions that are deployed or released somewhere now."),
    store.ALL: ("All", "Every pact of these two."),
}


@router.get("/dashboard/provider/{provider:seg}/consumer/{consumer:seg}")
@router.get("/pacts/provider/{provider:seg}/consumer/{consumer:seg}/versions")
def show(provider: str, consumer: str, call: Html) -> Response:
    """Show the pacts of a pair, by branch, tag or environment, or all."""
    is_list = "versions" in Place(call.request).path.rpartition("/")[2]
    wanted = asked(call, COLUMNS, "", size=30)
    with call.read() as connection:
        ids = existing(connection, consumer, "consumer").id, existing(connection, provider, "provider").id
        views = store.views_with_pacts(connection, *ids)
        asked_for = call.text("view") or ""
        view = asked_for if asked_for in store.VIEWS else next(iter(views), store.ALL)
        view = store.ALL if is_list else view
        pacts, total = store.pacts(connection, *ids, view, wanted.page, wanted.q)
        results = result_store.last_of_contents(connection, [pact.content_id for pact in pacts])
        version_ids = [pact.version_id for pact in pacts] + [result.version_id for result in results.values()]
        around = surroundings_of(connection, version_ids)
    states = {
        pact.id: of_result(success=result.success, pending=result.pending) if result else STATES["never"]
        for pact, result in ((pact, results.get(pact.content_id)) for pact in pacts)
    }
    place = Place(call.request)
    tabs = [(WORDS[one][0], wanted.href(view=one, page=1, q=""), one == view) for one in store.VIEWS]
    return page(
        call.request,
        "contracts/dashboard.html",
        f"{consumer} and {provider}",
        pair_crumbs(place, consumer, provider, "Versions" if is_list else "Overview"),
        consumer=consumer,
        provider=provider,
        pair_tabs=pair_tabs(place, consumer, provider, "versions" if is_list else "overview", has_pact=bool(views)),
        tabs=[] if is_list else tabs,
        about=WORDS[view][1],
        view=view,
        pacts=pacts,
        results=results,
        states=states,
        around=around,
        total=total,
        asked=wanted,
        columns=COLUMNS,
    )
