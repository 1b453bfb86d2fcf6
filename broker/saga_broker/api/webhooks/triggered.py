"""Calls that webhooks made: for a pact, for a result, for a pair, and their logs."""

from typing import Annotated

from fastapi import APIRouter, Response

from saga_broker.api.contracts.pacts import PAIR, existing_pact
from saga_broker.api.reading.call import Call, Hal, calling, respond, text
from saga_broker.api.webhooks.webhooks import existing, named
from saga_broker.http.errors import NotFoundError
from saga_broker.http.media import HAL, JSON, TEXT
from saga_broker.store import pacts as pact_store
from saga_broker.store import triggered as store
from saga_broker.store.pacts import Which
from saga_broker.views import webhook as views

router = APIRouter(tags=["webhooks"])
LogCall = Annotated[Call, calling(offers=(TEXT, HAL, JSON))]
NEWEST = 100
NOT_YET = "Webhook has not executed yet. Please retry in a few seconds."


@router.get(PAIR + "/webhooks/status")
def show_status(provider: str, consumer: str, call: Hal) -> Response:
    """Show how the last calls for a consumer and a provider went."""
    with call.read() as connection:
        ids = {role: named(connection, role, name).id for role, name in (("provider", provider), ("consumer", consumer))}
        found = store.latest_of_pair(connection, ids["consumer"], ids["provider"])
        pact = pact_store.newest(connection, Which(consumer, provider))
    return respond(views.status(call.links, consumer, provider, pact, found))


@router.get(PAIR + "/version/{number:seg}/triggered-webhooks")
def list_for_pact(provider: str, consumer: str, number: str, call: Hal) -> Response:
    """List the calls that the publication of a pact asked for, the newest first."""
    with call.read() as connection:
        pact = existing_pact(connection, Which(consumer, provider, number))
        found = store.of_publication(connection, pact.version_id, pact.provider_id)
    own = f"{call.links.pact(consumer, provider, number)}/triggered-webhooks"
    title = f"Webhooks triggered by the publication of the pact between {consumer} ({number}) and {provider}"
    return respond(views.triggered_list(call.links, found, own, title))


@router.get("/webhooks/{uuid:seg}/triggered-webhooks")
def list_for_webhook(uuid: str, call: Hal) -> Response:
    """List the newest calls of a webhook."""
    with call.read() as connection:
        found = store.newest(connection, NEWEST, existing(connection, uuid).id)
    own = call.links.url("webhooks", uuid, "triggered-webhooks")
    return respond(views.triggered_list(call.links, found, own, "The newest calls of the webhook"))


@router.get("/triggered-webhooks")
def list_newest(call: Hal) -> Response:
    """List the newest calls of all webhooks."""
    with call.read() as connection:
        found = store.newest(connection, NEWEST)
    return respond(views.triggered_list(call.links, found, call.links.url("triggered-webhooks"), "The newest calls of webhooks"))


@router.get("/triggered-webhooks/{uuid:seg}/logs")
def show_logs(uuid: str, call: LogCall) -> Response:
    """Show the attempts of a call; as text, or as a document when that is asked for."""
    with call.read() as connection:
        found = store.find(connection, uuid)
        if found is None:
            raise NotFoundError
        executions = store.executions(connection, found)
    if call.media_type == TEXT:
        return text("\n".join(one.logs for one in executions) or NOT_YET)
    return respond(views.logs(call.links, found, executions), media_type=call.media_type)
