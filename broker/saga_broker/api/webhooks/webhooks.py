"""Webhooks: made, shown, replaced, deleted, and tried with the newest pact."""

import base64
import secrets
import threading
from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.events.calling import execute
from saga_broker.api.contracts.pacts import PAIR
from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, calling, no_content, respond
from saga_broker.http.errors import InvalidError, NotFoundError, RefusedError
from saga_broker.http.media import JSON
from saga_broker.http.patience import BusyError
from saga_broker.rows import Pacticipant
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import webhooks as store
from saga_broker.store.database.types import now
from saga_broker.views import webhook as views
from saga_broker.webhooks.checks import UUID, UUID_FAULT, Draft, draft_of
from saga_broker.webhooks.model import Webhook

router = APIRouter(tags=["webhooks"])
OF_PAIR = "/webhooks/provider/{provider:seg}/consumer/{consumer:seg}"
OF_PROVIDER, OF_CONSUMER = "/webhooks/provider/{provider:seg}", "/webhooks/consumer/{consumer:seg}"
Ids = tuple[int | None, int | None]
TriedCall = Annotated[Call, calling(reads=True)]
TriedDocumentCall = Annotated[Call, calling(takes=(JSON,), reads=True)]
_UUID_BYTES = 16
_TRIES = threading.BoundedSemaphore(4)


@router.get("/webhooks")
def list_all(call: Hal) -> Response:
    """List all webhooks."""
    with call.read() as connection:
        found = store.listing(connection)
    return respond(views.listing(call.links, found, call.links.url("webhooks"), "Webhooks"))


@router.post("/webhooks", status_code=201)
def create(call: HalJson) -> Response:
    """Make a webhook."""
    return _created(call, {})


@router.post("/webhooks/execute")
def execute_unsaved(call: TriedDocumentCall) -> Response:
    """Try a webhook that is not stored."""
    with call.read() as connection:
        draft, _ = _checked(call, connection, call.object(), {})
    webhook = _webhook("", draft, None)
    return respond(views.executed(call.links, _executed(call, webhook), None))


@router.get(OF_PAIR)
def list_for_pair(provider: str, consumer: str, call: Hal) -> Response:
    """List the webhooks that name both the consumer and the provider."""
    return _listed(call, ("webhooks", "provider", provider, "consumer", consumer), consumer=consumer, provider=provider)


@router.post(OF_PAIR, status_code=201)
def create_for_pair(provider: str, consumer: str, call: HalJson) -> Response:
    """Make a webhook for a consumer and a provider."""
    return _created(call, {"consumer": consumer, "provider": provider})


@router.get(PAIR + "/webhooks")
def list_for_pact(provider: str, consumer: str, call: Hal) -> Response:
    """List the webhooks that name both the consumer and the provider."""
    path = ("pacts", "provider", provider, "consumer", consumer, "webhooks")
    return _listed(call, path, "Pact webhooks", consumer=consumer, provider=provider)


@router.post(PAIR + "/webhooks", status_code=201)
def create_for_pact(provider: str, consumer: str, call: HalJson) -> Response:
    """Make a webhook for a consumer and a provider."""
    return _created(call, {"consumer": consumer, "provider": provider})


@router.get(OF_PROVIDER)
def list_for_provider(provider: str, call: Hal) -> Response:
    """List the webhooks that name this provider and no consumer."""
    return _listed(call, ("webhooks", "provider", provider), provider=provider)


@router.post(OF_PROVIDER, status_code=201)
def create_for_provider(provider: str, call: HalJson) -> Response:
    """Make a webhook for a provider."""
    return _created(call, {"provider": provider})


@router.get(OF_CONSUMER)
def list_for_consumer(consumer: str, call: Hal) -> Response:
    """List the webhooks that name this consumer and no provider."""
    return _listed(call, ("webhooks", "consumer", consumer), consumer=consumer)


@router.post(OF_CONSUMER, status_code=201)
def create_for_consumer(consumer: str, call: HalJson) -> Response:
    """Make a webhook for a consumer."""
    return _created(call, {"consumer": consumer})


@router.get("/webhooks/{uuid:seg}")
def show(uuid: str, call: Hal) -> Response:
    """Show a webhook; its secrets are hidden."""
    with call.read() as connection:
        return respond(views.webhook(call.links, existing(connection, uuid)))


@router.put("/webhooks/{uuid:seg}")
def put(uuid: str, call: HalJson) -> Response:
    """Make or replace a webhook; secrets that are absent, or stars, stay as they are stored."""
    body = call.object()
    with call.write() as connection:
        stored = store.find(connection, uuid)
        if not UUID.fullmatch(uuid):
            raise InvalidError({"uuid": [UUID_FAULT]})
        draft, ids = _checked(call, connection, body, {})
        new = _webhook(uuid, draft, stored)
        if stored is None:
            store.create(connection, uuid, ids, new)
        else:
            store.replace(connection, stored.id, ids, new)
        shown = views.webhook(call.links, existing(connection, uuid))
    return respond(shown, 201 if stored is None else 200)


@router.delete("/webhooks/{uuid:seg}", status_code=204)
def remove(uuid: str, call: Anything) -> Response:
    """Delete a webhook; calls that are still to be made are not made."""
    with call.write() as connection:
        store.remove(connection, existing(connection, uuid))
    return no_content()


@router.post("/webhooks/{uuid:seg}/execute")
def execute_saved(uuid: str, call: TriedCall) -> Response:
    """Try a webhook now, once, with the newest pact that it is for; nothing of it is stored."""
    with call.read() as connection:
        webhook = existing(connection, uuid)
    return respond(views.executed(call.links, _executed(call, webhook), uuid))


def existing(connection: Connection, uuid: str) -> Webhook:
    """Give the webhook of a path.

    Raises:
        NotFoundError: There is none.
    """
    found = store.find(connection, uuid)
    if found is None:
        raise NotFoundError
    return found


def named(connection: Connection, role: str, name: str) -> Pacticipant:
    """Give the consumer or provider of a path.

    Raises:
        RefusedError: With 404, there is none.
    """
    found = pacticipant_store.find(connection, name)
    if found is None:
        raise RefusedError(404, f"No {role} with name '{name}' found")
    return found


def _listed(call: Call, path: tuple[str, ...], title: str = "Webhooks", **names: str) -> Response:
    with call.read() as connection:
        ids = {role: named(connection, role, names[role]).id for role in ("provider", "consumer") if role in names}
        found = store.exactly_for(connection, ids.get("consumer"), ids.get("provider"))
    return respond(views.listing(call.links, found, call.links.url(*path), title))


def _created(call: Call, path: dict[str, str]) -> Response:
    body = call.object()
    uuid = base64.urlsafe_b64encode(secrets.token_bytes(_UUID_BYTES)).decode().rstrip("=")
    with call.write() as connection:
        for role in ("provider", "consumer"):
            if role in path:
                named(connection, role, path[role])
        draft, ids = _checked(call, connection, body, path)
        store.create(connection, uuid, ids, _webhook(uuid, draft, None))
        shown = views.webhook(call.links, existing(connection, uuid))
    return respond(shown, 201, location=views.href_of(call.links, uuid))


def _executed(call: Call, webhook: Webhook) -> dict[str, Any]:
    """Try a webhook; only a few at once, since each waits for a receiver and keeps a thread from others meanwhile."""
    if not _TRIES.acquire(timeout=1.0):
        raise BusyError
    try:
        return execute(call.database, call.settings.webhooks, webhook, call.links.base)
    finally:
        _TRIES.release()


def _checked(call: Call, connection: Connection, body: dict[str, Any], path: dict[str, str]) -> tuple[Draft, Ids]:
    draft, faults = draft_of(body, call.settings.webhooks, path)
    ids: dict[str, int | None] = {}
    for role in ("consumer", "provider"):
        given = body.get(role)
        name = given.get("name") if isinstance(given, dict) else path.get(role)
        found = pacticipant_store.find(connection, name) if isinstance(name, str) and "\0" not in name else None
        ids[role] = None if found is None else found.id
        if found is None and isinstance(name, str) and f"{role}.name" not in faults:
            faults.tell(f"{role}.name", "does not match an existing pacticipant")
    if draft is None or faults:
        raise InvalidError(faults)
    return draft, (ids["consumer"], ids["provider"])


def _webhook(uuid: str, draft: Draft, stored: Webhook | None) -> Webhook:
    description = stored.description if stored is not None and draft.keeps_description else draft.description
    sides = (draft.consumer, draft.provider)
    return Webhook(0, uuid, description, draft.enabled, *sides, draft.events, draft.over(stored), now(), None)
