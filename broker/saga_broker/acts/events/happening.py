"""Writes down what happened, and which webhooks are to be called for it: both in the transaction of the write.

So nothing that is committed is forgotten, and nothing is sent for what was rolled back. The calls themselves are made later.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from saga_broker.events.event import Event
from saga_broker.settings import Settings
from saga_broker.store import events as event_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import triggered as triggered_store
from saga_broker.store import webhooks as webhook_store
from saga_broker.store.database.types import now
from saga_broker.store.triggered import About, NewTriggered
from saga_broker.webhooks.model import Webhook


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was asked for."""

    webhook: Webhook
    uuid: str
    event: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of events.

    Attributes:
        asked: The calls, in their order.
        has_webhooks: Some webhook is meant for the pair, whatever its events, enabled or not.
    """

    asked: tuple[Asked, ...] = ()
    has_webhooks: bool = False


def happened(connection: Connection, settings: Settings, about: About, events: Sequence[Event]) -> Happened:
    """Write events down, and the calls that they ask for.

    Args:
        connection: A transaction that writes.
        settings: Say when calls are made, and how often.
        about: The ids of what the events are about.
        events: In their order; all are about the same.
    """
    numbers = [event_store.record(connection, event) for event in events]
    meant = _meant(connection, about)
    asked = [
        _ask(connection, settings, about, webhook, number, event)
        for number, event in zip(numbers, events, strict=True)
        for webhook in meant
        if webhook.enabled and event.name in webhook.events
    ]
    return Happened(tuple(asked), bool(meant))


def _ask(connection: Connection, settings: Settings, about: About, webhook: Webhook, number: int, event: Event) -> Asked:
    name = str(uuid.uuid4())
    due_at = now() + timedelta(seconds=settings.webhooks.first_call_after_s)
    attempts = len(settings.webhooks.retry_schedule_s) + 1
    triggered_store.create(connection, about, NewTriggered(name, webhook.id, number, event.to_json(), attempts, due_at))
    return Asked(webhook, name, event.name)


def _meant(connection: Connection, about: About) -> list[Webhook]:
    found = webhook_store.for_pair(connection, about.consumer_id, about.provider_id)
    if not any(one.consumer.label or one.provider.label for one in found):
        return found
    ids = [one for one in (about.consumer_id, about.provider_id) if one is not None]
    labels = pacticipant_store.labels_of(connection, ids)
    consumer, provider = (
        frozenset(label.name for label in labels.get(one or 0, [])) for one in (about.consumer_id, about.provider_id)
    )
    return [
        one
        for one in found
        if (one.consumer.label is None or one.consumer.label in consumer)
        and (one.provider.label is None or one.provider.label in provider)
    ]
