"""Webhooks, one of them with its last calls, the last calls of all, and one call with its attempts; secrets are never shown."""

from fastapi import APIRouter, Response

from saga_broker.access.origin import is_foreign
from saga_broker.acts.events.calling import execute
from saga_broker.api.access import refusals
from saga_broker.api.webhooks.triggered import NEWEST
from saga_broker.api.webhooks.webhooks import existing
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import dump
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.work.states import CALLS, DISABLED, ENABLED
from saga_broker.store import triggered as triggered_store
from saga_broker.store import webhooks as store
from saga_broker.views import webhook as views
from saga_broker.webhooks.model import Side, shown_name
from saga_broker.webhooks.redaction import hidden, secrets_of, without

router = APIRouter(tags=["pages"])


@router.get("/webhooks")
def show_all(call: Html) -> Response:
    """Show all webhooks with how each was answered last."""
    with call.read() as connection:
        found = store.listing(connection)
        last = {one.id: next(iter(triggered_store.newest(connection, 1, one.id)), None) for one in found[:NEWEST]}
    return page(
        call.request,
        "work/webhooks.html",
        "Webhooks",
        webhooks=[(one, shown_name(one), _who(one.consumer), _who(one.provider), last.get(one.id)) for one in found],
        calls=CALLS,
        on=ENABLED,
        off=DISABLED,
    )


@router.get("/webhooks/{uuid:seg}")
def show(uuid: str, call: Html) -> Response:
    """Show a webhook with its last calls."""
    place = Place(call.request)
    with call.read() as connection:
        one = existing(connection, uuid)
        found = triggered_store.newest(connection, NEWEST, one.id)
    document = views.webhook(place.links, one)
    secrets = secrets_of(one.request)
    request = {**document["request"], "url": without(one.request.url, secrets)}
    body = hidden(request.get("body"), secrets)
    return page(
        call.request,
        "work/webhook.html",
        shown_name(one),
        [Crumb("Webhooks", place.links.url("webhooks")), Crumb(shown_name(one))],
        webhook=one,
        sent=request,
        body=None if body is None else body if isinstance(body, str) else dump(body).decode(),
        consumer=_who(one.consumer),
        provider=_who(one.provider),
        triggered=found,
        calls=CALLS,
        state=ENABLED if one.enabled else DISABLED,
    )


@router.post("/webhooks/{uuid:seg}/execute")
def try_it(uuid: str, call: Html) -> Response:
    """Try a webhook now, once, and show what came of it; nothing of it is stored."""
    place = Place(call.request)
    if is_foreign(call.request.headers, place.base):
        raise refusals.foreign_page()
    with call.read() as connection:
        one = existing(connection, uuid)
    found = execute(call.database, call.settings.webhooks, one, place.base)
    own = place.links.url("webhooks", uuid)
    crumbs = [Crumb("Webhooks", place.links.url("webhooks")), Crumb(shown_name(one), own), Crumb("Tried")]
    return page(call.request, "work/tried.html", "Tried once", crumbs, twin=None, found=found, webhook=one, name=shown_name(one))


@router.get("/triggered-webhooks")
def show_newest(call: Html) -> Response:
    """Show the last calls of all webhooks."""
    with call.read() as connection:
        found = triggered_store.newest(connection, NEWEST)
    links = Place(call.request).links
    crumbs = [Crumb("Webhooks", links.url("webhooks")), Crumb("Last calls")]
    return page(call.request, "work/calls.html", "Last calls of webhooks", crumbs, triggered=found, calls=CALLS)


@router.get("/triggered-webhooks/{uuid:seg}/logs")
def show_logs(uuid: str, call: Html) -> Response:
    """Show a call with its attempts."""
    with call.read() as connection:
        found = triggered_store.find(connection, uuid)
        if found is None:
            raise NotFoundError
        executions = triggered_store.executions(connection, found)
    links = Place(call.request).links
    crumbs = [Crumb("Webhooks", links.url("webhooks"))]
    if found.webhook is not None:
        crumbs.append(Crumb(found.name or "Webhook", links.url("webhooks", found.webhook)))
    title = f"Call for {found.event_name.replace('_', ' ')}"
    return page(
        call.request,
        "work/call.html",
        title,
        [*crumbs, Crumb(title)],
        one=found,
        executions=executions,
        state=CALLS[found.status],
    )


def _who(side: Side) -> tuple[str, str]:
    """Give a kind of `name`, `label` or `all`, and the name."""
    if side.name is not None:
        return "name", side.name
    return ("label", side.label) if side.label is not None else ("all", "all")
