"""Documents of webhooks and of the calls that they made."""

from collections.abc import Sequence
from typing import Any

from saga_broker.events.event import Event
from saga_broker.http.hal import Document, Links, link, moment, present, times
from saga_broker.rows import Publication
from saga_broker.webhooks.model import (
    ABSENT,
    FAILURE,
    NOT_RUN,
    RETRYING,
    SUCCESS,
    Execution,
    Side,
    Triggered,
    Webhook,
    shown_name,
)
from saga_broker.webhooks.redaction import STARS, shown_headers

_TEST = "Test the execution of the webhook with the latest matching pact or verification by sending a POST request to this URL"


def href_of(links: Links, uuid: str) -> str:
    """Give the address of a webhook."""
    return links.url("webhooks", uuid)


def logs_of(links: Links, uuid: str) -> str:
    """Give the address of a call's log."""
    return links.url("triggered-webhooks", uuid, "logs")


def webhook(links: Links, one: Webhook) -> Document:
    """Write a webhook; its secrets are not shown."""
    own, name = href_of(links, one.uuid), shown_name(one)
    sides = {role: _side(side) for role, side in (("consumer", one.consumer), ("provider", one.provider)) if not side.is_open}
    return {
        "uuid": one.uuid,
        "description": name,
        **sides,
        "enabled": one.enabled,
        "request": _request(one),
        "events": [{"name": event} for event in one.events],
        **times(one.created_at, one.updated_at),
        "_links": {
            "self": link(own, name),
            "pb:execute": link(f"{own}/execute", _TEST),
            **_of_sides(links, one),
            "pb:webhooks": link(links.url("webhooks"), "All webhooks"),
        },
    }


def listing(links: Links, found: Sequence[Webhook], own: str, title: str) -> Document:
    """Write a list of webhooks."""
    return {
        "_links": {
            "self": link(own, title),
            "pb:create": link(own, "POST to create a webhook"),
            "pb:webhooks": [link(href_of(links, one.uuid), f"A webhook for {_meant(one)}", shown_name(one)) for one in found],
            "curies": [{"name": "pb", "href": f"{links.base}/doc/webhooks-{{rel}}", "templated": True}],
        },
    }


def executed(links: Links, document: Document, uuid: str | None) -> Document:
    """Write what came of a test execution."""
    again = links.url("webhooks", uuid, "execute") if uuid else links.url("webhooks", "execute")
    found = {"webhook": link(href_of(links, uuid))} if uuid else {}
    return {**document, "_links": {**found, "try-again": link(again, "Execute the webhook again")}}


def triggered_list(links: Links, found: Sequence[Triggered], own: str, title: str) -> Document:
    """Write a list of calls."""
    return {
        "_embedded": {"triggeredWebhooks": [triggered(links, one) for one in found]},
        "_links": {"self": link(own, title)},
    }


def triggered(links: Links, one: Triggered) -> Document:
    """Write a call."""
    logs = logs_of(links, one.uuid)
    relations: Document = {
        "pb:logs": link(logs, "Webhook execution logs", one.name),
        "logs": link(logs, "DEPRECATED - Use pb:logs", one.name),
    }
    if one.webhook is not None:
        relations["pb:webhook"] = link(href_of(links, one.webhook), "Webhook", one.name)
    return present(
        {
            "name": one.name,
            "status": one.status,
            "attemptsMade": one.attempts_made,
            "attemptsRemaining": one.attempts_remaining,
            "triggerType": "resource_creation",
            "eventName": one.event_name,
            "triggeredAt": moment(one.created_at),
            "_links": relations,
        },
    )


def status(links: Links, consumer: str, provider: str, pact: Publication | None, found: Sequence[Triggered]) -> Document:
    """Write how the last calls for a pair went."""
    pair = links.pair(consumer, provider)
    counts = {word: sum(one.status == word for one in found) for word in (SUCCESS, FAILURE, RETRYING, NOT_RUN)}
    summary = {"successful": counts[SUCCESS], "failed": counts[FAILURE]}
    summary |= {name: counts[word] for name, word in (("retrying", RETRYING), ("notRun", NOT_RUN)) if counts[word]}
    errors = [link(logs_of(links, one.uuid), "Error logs", one.name) for one in found if one.status in {FAILURE, RETRYING}]
    relations: Document = {"self": link(f"{pair}/webhooks/status", "Webhooks status"), "pb:error-logs": errors}
    relations["pb:pact-webhooks"] = link(f"{pair}/webhooks", f"Webhooks for the pact between {consumer} and {provider}")
    if pact is not None:
        name = f"Pact between {consumer} ({pact.number}) and {provider}"
        relations["pb:pact-version"] = link(links.pact(consumer, provider, pact.number), "Pact", name)
    relations["pb:consumer"] = link(links.pacticipant(consumer), "Consumer", consumer)
    relations["pb:provider"] = link(links.pacticipant(provider), "Provider", provider)
    return {
        "summary": summary,
        "_embedded": {"triggeredWebhooks": [triggered(links, one) for one in found]},
        "_links": relations,
    }


def logs(links: Links, one: Triggered, executions: Sequence[Execution]) -> Document:
    """Write the attempts of a call."""
    event = Event.from_json(one.event)
    attempts = [{"success": each.success, "logs": each.logs, "createdAt": moment(each.created_at)} for each in executions]
    relations: Document = {"self": link(logs_of(links, one.uuid), "Triggered webhook logs")}
    if one.webhook is not None:
        relations["pb:webhook"] = link(href_of(links, one.webhook), "Webhook")
    names = present({"consumerName": event.consumer, "providerName": event.provider})
    return {
        "eventName": one.event_name,
        **names,
        "executions": attempts,
        "_embedded": {"triggeredWebhook": {"uuid": one.uuid}},
        "_links": relations,
    }


def _request(one: Webhook) -> Document:
    request = one.request
    found: dict[str, Any] = {"method": request.method, "url": request.url}
    if request.headers:
        found["headers"] = shown_headers(request.headers)
    if request.body is not ABSENT and request.body is not None:
        found["body"] = request.body
    if request.username is not None:
        found["username"] = request.username
    if request.password is not None:
        found["password"] = STARS
    return found


def _side(side: Side) -> Document:
    return {"name": side.name} if side.name is not None else {"label": side.label}


def _of_sides(links: Links, one: Webhook) -> Document:
    found: Document = {}
    for role, side in (("consumer", one.consumer), ("provider", one.provider)):
        if side.name is not None:
            found[f"pb:{role}"] = link(links.pacticipant(side.name), role.capitalize(), side.name)
        elif side.label is not None:
            href = links.url("pacticipants", "label", side.label)
            found[f"pb:{role}s"] = link(href, f"{role.capitalize()}s by label", side.label)
    consumer, provider = one.consumer.name, one.provider.name
    if consumer is not None and provider is not None:
        title = f"All webhooks for consumer {consumer} and provider {provider}"
        found["pb:pact-webhooks"] = link(links.url("webhooks", "provider", provider, "consumer", consumer), title)
    return found


def _meant(one: Webhook) -> str:
    consumer, provider = one.consumer, one.provider
    if consumer.is_open and provider.is_open:
        return "all pacts"
    if provider.is_open:
        return f"all pacts with {_named('consumer', consumer)}"
    if consumer.is_open:
        return f"all pacts with {_named('provider', provider)}"
    names = [side.name if side.name is not None else f"{role}s labeled '{side.label}'" for role, side in _roles(one)]
    return f"the pact between {names[0]} and {names[1]}"


def _named(role: str, side: Side) -> str:
    return f"{role} {side.name}" if side.name is not None else f"{role}s labeled '{side.label}'"


def _roles(one: Webhook) -> tuple[tuple[str, Side], tuple[str, Side]]:
    return ("consumer", one.consumer), ("provider", one.provider)
