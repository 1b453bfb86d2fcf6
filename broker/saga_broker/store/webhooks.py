"""Webhooks as they are stored."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, or_, select

from saga_broker.http.hal import dump
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.query import add, change
from saga_broker.store.database.schema import pacticipants
from saga_broker.store.database.types import now
from saga_broker.store.database.webhook_tables import webhooks
from saga_broker.webhooks.model import ABSENT, Request, Side, Webhook
from saga_contracts.wire import exact

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


def listing(connection: Connection) -> list[Webhook]:
    """List all webhooks, the oldest first."""
    return _ALL.all(connection)


def exactly_for(connection: Connection, consumer: int | None, provider: int | None) -> list[Webhook]:
    """List the webhooks that name this consumer and this provider (ids), and no more than these."""
    return _EXACT[consumer is None, provider is None].all(connection, **_given(consumer=consumer, provider=provider))


def for_pair(connection: Connection, consumer: int | None, provider: int | None) -> list[Webhook]:
    """List the webhooks that may be meant for a pair (ids): whether their labels fit is not looked at."""
    return _MAYBE.all(connection, consumer=consumer or 0, provider=provider or 0)


def find(connection: Connection, uuid: str) -> Webhook | None:
    """Find a webhook by its uuid."""
    return _BY_UUID.first(connection, uuid=uuid)


def find_by_id(connection: Connection, webhook_id: int) -> Webhook | None:
    """Find a webhook by its id."""
    return _BY_ID.first(connection, id=webhook_id)


def create(connection: Connection, uuid: str, ids: tuple[int | None, int | None], new: Webhook) -> None:
    """Store a new webhook; `ids` are those of the consumer and the provider that it names."""
    add(connection, webhooks, uuid=uuid, created_at=now(), **_values(ids, new))


def replace(connection: Connection, webhook_id: int, ids: tuple[int | None, int | None], new: Webhook) -> None:
    """Replace a webhook."""
    change(connection, webhooks, webhook_id, updated_at=now(), **_values(ids, new))


def remove(connection: Connection, webhook: Webhook) -> None:
    """Delete a webhook; the calls that it made stay."""
    connection.execute(delete(webhooks).where(webhooks.c.id == webhook.id))


def _values(ids: tuple[int | None, int | None], new: Webhook) -> dict[str, Any]:
    request = new.request
    return {
        "description": new.description,
        "enabled": new.enabled,
        "consumer_id": ids[0],
        "consumer_label": new.consumer.label,
        "provider_id": ids[1],
        "provider_label": new.provider.label,
        "events": json.dumps(new.events),
        "method": request.method,
        "url": request.url,
        "headers": dump(dict(request.headers)).decode(),
        "body": None if request.body is ABSENT or request.body is None else dump(request.body).decode(),
        "username": request.username,
        "password": request.password,
    }


def _given(**values: int | None) -> dict[str, int]:
    return {name: value for name, value in values.items() if value is not None}


def _read(  # the columns of `_query`
    number: int,
    uuid: str,
    description: str | None,
    enabled: bool,  # noqa: FBT001
    consumer: str | None,
    consumer_label: str | None,
    provider: str | None,
    provider_label: str | None,
    events: str,
    method: str,
    url: str,
    headers: str,
    body: str | None,
    username: str | None,
    password: str | None,
    created_at: datetime,
    updated_at: datetime | None,
) -> Webhook:
    read_body = ABSENT if body is None else exact.loads(body)
    request = Request(method, url, exact.loads(headers), read_body, username, password)
    sides = Side(consumer, consumer_label), Side(provider, provider_label)
    names: Sequence[str] = exact.loads(events)
    return Webhook(number, uuid, description, bool(enabled), *sides, tuple(names), request, created_at, updated_at)


def _query() -> Select[Any]:
    table = webhooks.c
    return (
        select(
            *(table.id, table.uuid, table.description, table.enabled),
            *(consumers.c.name.label("consumer"), table.consumer_label, providers.c.name.label("provider"), table.provider_label),
            *(table.events, table.method, table.url, table.headers, table.body, table.username, table.password),
            *(table.created_at, table.updated_at),
        )
        .select_from(webhooks)
        .outerjoin(consumers, consumers.c.id == table.consumer_id)
        .outerjoin(providers, providers.c.id == table.provider_id)
        .order_by(table.id)
    )


def _exact(*, no_consumer: bool, no_provider: bool) -> Prepared[Webhook]:
    table = webhooks.c
    open_ = {"consumer": no_consumer, "provider": no_provider}
    conditions = [
        and_(table[f"{role}_id"].is_(None), table[f"{role}_label"].is_(None))
        if is_open
        else table[f"{role}_id"] == bindparam(role)
        for role, is_open in open_.items()
    ]
    return Prepared(_query().where(*conditions), _read)


_ALL = Prepared(_query(), _read)
_BY_UUID = Prepared(_query().where(webhooks.c.uuid == bindparam("uuid")), _read)
_BY_ID = Prepared(_query().where(webhooks.c.id == bindparam("id")), _read)
_EXACT = {
    (no_consumer, no_provider): _exact(no_consumer=no_consumer, no_provider=no_provider)
    for no_consumer in (False, True)
    for no_provider in (False, True)
}
_MAYBE = Prepared(
    _query().where(
        or_(webhooks.c.consumer_id.is_(None), webhooks.c.consumer_id == bindparam("consumer")),
        or_(webhooks.c.provider_id.is_(None), webhooks.c.provider_id == bindparam("provider")),
    ),
    _read,
)
