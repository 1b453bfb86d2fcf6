"""Calls of webhooks that events asked for, with their attempts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, false, select, update
from sqlalchemy.exc import IntegrityError

from saga_broker.http.hal import dump
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add, change
from saga_broker.store.database.types import UtcDateTime, now
from saga_broker.store.database.webhook_tables import triggered_webhooks, webhook_executions, webhooks
from saga_broker.webhooks.model import FAILURE, RETRYING, SUCCESS, Execution, Request, Triggered, short_name
from saga_contracts.wire import exact

LATEST = 1000  # webhooks of a pair whose last call is shown


@dataclass(frozen=True, slots=True)
class About:
    """What a call belongs to, by ids: it is listed there, and goes with it."""

    consumer_id: int | None = None
    provider_id: int | None = None
    consumer_version_id: int | None = None
    verification_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewTriggered:
    """A call that an event asks for."""

    uuid: str
    webhook_id: int
    event_id: int
    event: Mapping[str, Any]
    attempts: int
    due_at: datetime


def create(connection: Connection, about: About, new: NewTriggered) -> None:
    """Store a call that is to be made."""
    is_of_pair = about.consumer_id is not None and about.provider_id is not None
    if is_of_pair:
        pair = {"consumer": about.consumer_id, "provider": about.provider_id}
        _NO_LONGER_LATEST.run(connection, webhook=new.webhook_id, event_name=new.event["name"], **pair)
    values = {"event": dump(dict(new.event)).decode(), "event_name": new.event["name"], "status": "not_run", "attempts_made": 0}
    add(
        connection,
        triggered_webhooks,
        uuid=new.uuid,
        webhook_id=new.webhook_id,
        event_id=new.event_id,
        attempts=new.attempts,
        due_at=new.due_at,
        consumer_id=about.consumer_id,
        provider_id=about.provider_id,
        consumer_version_id=about.consumer_version_id,
        verification_id=about.verification_id,
        is_latest=is_of_pair,
        created_at=now(),
        **values,
    )


def find(connection: Connection, uuid: str) -> Triggered | None:
    """Find a call by its uuid."""
    return _BY_UUID.first(connection, uuid=uuid)


def of_event(connection: Connection, event_id: int) -> list[Triggered]:
    """Give the calls that an event asked for, the oldest first."""
    return _OF_EVENT.all(connection, id=event_id)


def of_publication(connection: Connection, consumer_version_id: int, provider_id: int) -> list[Triggered]:
    """Give the calls for a pact of a consumer version, the newest first; those for results are left out."""
    return _OF_PUBLICATION.all(connection, version=consumer_version_id, provider=provider_id)


def of_verification(connection: Connection, verification_id: int) -> list[Triggered]:
    """Give the calls for a result, the newest first."""
    return _OF_VERIFICATION.all(connection, id=verification_id)


def latest_of_pair(connection: Connection, consumer_id: int, provider_id: int) -> list[Triggered]:
    """Give the last call of each webhook and event for a pair, in the order of the calls; deleted webhooks are left out."""
    return _LATEST.all(connection, consumer=consumer_id, provider=provider_id, limit=LATEST)


def standing_of_pairs(connection: Connection, consumers: Collection[int]) -> dict[tuple[int, int], list[tuple[str, datetime]]]:
    """Give, for each pair of these consumers (ids), status and time of the last call of each webhook and event."""
    found: dict[tuple[int, int], list[tuple[str, datetime]]] = {}
    for consumer, provider, status, created_at in _STANDING.all(connection, consumers=list(consumers)):
        found.setdefault((consumer, provider), []).append((status, created_at))
    return found


def newest(connection: Connection, limit: int, webhook_id: int | None = None) -> list[Triggered]:
    """Give the newest calls, all or those of a webhook."""
    if webhook_id is None:
        return _NEWEST.all(connection, limit=limit)
    return _NEWEST_OF_WEBHOOK.all(connection, limit=limit, webhook=webhook_id)


def overdue(connection: Connection, before: datetime, limit: int) -> list[Triggered]:
    """Give the calls that ought to have been made before a moment."""
    return _OVERDUE.all(connection, moment=before, limit=limit)


def executions(connection: Connection, triggered: Triggered) -> list[Execution]:
    """Give the attempts of a call, in their order."""
    return _EXECUTIONS.all(connection, id=triggered.id)


def record(connection: Connection, triggered: Triggered, attempt: int, execution: Execution, due_at: datetime | None) -> bool:
    """Store an attempt and what follows from it.

    Args:
        connection: The database.
        triggered: The call.
        attempt: Which one it was, from 1.
        execution: How it went.
        due_at: When the next one is made; None at the end.

    Returns:
        Whether it was stored: it is not when the same attempt was stored before.
    """
    status = SUCCESS if execution.success else FAILURE if due_at is None else RETRYING
    values = {"success": execution.success, "logs": execution.logs, "created_at": execution.created_at}
    try:
        with connection.begin_nested():
            add(connection, webhook_executions, triggered_webhook_id=triggered.id, attempt=attempt, **values)
    except IntegrityError:
        return False
    moment = now()
    change(connection, triggered_webhooks, triggered.id, status=status, attempts_made=attempt, due_at=due_at, updated_at=moment)
    return True


def forget(connection: Connection, before: datetime) -> int:
    """Delete finished calls that were asked for before a moment; tell how many."""
    return _FORGET.run(connection, moment=before)


def _read(  # the columns of `_query`
    number: int,
    uuid: str,
    webhook_id: int | None,
    webhook: str | None,
    method: str | None,
    url: str | None,
    event_id: int,
    event: str,
    event_name: str,
    status: str,
    attempts_made: int,
    attempts: int,
    due_at: datetime | None,
    created_at: datetime,
) -> Triggered:
    name = short_name(Request(method, url)) if method is not None and url is not None else None
    told = (event_id, exact.loads(event), event_name, status, attempts_made, attempts, due_at, created_at)
    return Triggered(number, uuid, webhook_id, webhook, name, *told)


def _query() -> Select[Any]:
    table = triggered_webhooks.c
    return (
        select(
            *(table.id, table.uuid, table.webhook_id, webhooks.c.uuid.label("webhook"), webhooks.c.method, webhooks.c.url),
            *(table.event_id, table.event, table.event_name, table.status, table.attempts_made, table.attempts),
            *(table.due_at, table.created_at),
        )
        .select_from(triggered_webhooks)
        .outerjoin(webhooks, webhooks.c.id == table.webhook_id)
    )


_TABLE = triggered_webhooks.c
_BY_UUID = Prepared(_query().where(_TABLE.uuid == bindparam("uuid")), _read)
_OF_EVENT = Prepared(_query().where(_TABLE.event_id == bindparam("id")).order_by(_TABLE.id), _read)
_OF_PUBLICATION = Prepared(
    _query()
    .where(
        _TABLE.consumer_version_id == bindparam("version"),
        _TABLE.provider_id == bindparam("provider"),
        _TABLE.verification_id.is_(None),
    )
    .order_by(_TABLE.id.desc()),
    _read,
)
_OF_VERIFICATION = Prepared(_query().where(_TABLE.verification_id == bindparam("id")).order_by(_TABLE.id.desc()), _read)
_LATEST = Prepared(
    _query()
    .where(
        *(_TABLE.consumer_id == bindparam("consumer"), _TABLE.provider_id == bindparam("provider")),
        *(_TABLE.is_latest, _TABLE.webhook_id.is_not(None)),
    )
    .order_by(_TABLE.id)
    .limit(bindparam("limit")),
    _read,
)
_STANDING: Prepared[tuple[int, int, str, datetime]] = Prepared(
    select(_TABLE.consumer_id, _TABLE.provider_id, _TABLE.status, _TABLE.created_at).where(
        among(_TABLE.consumer_id, "consumers"), _TABLE.is_latest, _TABLE.webhook_id.is_not(None)
    ),
    lambda consumer, provider, status, created_at: (consumer, provider, status, created_at),
)
_NO_LONGER_LATEST = Prepared(
    update(triggered_webhooks)
    .where(
        *(_TABLE.consumer_id == bindparam("consumer"), _TABLE.provider_id == bindparam("provider"), _TABLE.is_latest),
        *(_TABLE.webhook_id == bindparam("webhook"), _TABLE.event_name == bindparam("event_name")),
    )
    .values(is_latest=false())
)
_NEWEST = Prepared(_query().order_by(_TABLE.id.desc()).limit(bindparam("limit")), _read)
_NEWEST_OF_WEBHOOK = Prepared(
    _query().where(_TABLE.webhook_id == bindparam("webhook")).order_by(_TABLE.id.desc()).limit(bindparam("limit")), _read
)
_OVERDUE = Prepared(
    _query().where(_TABLE.due_at < bindparam("moment", type_=UtcDateTime)).order_by(_TABLE.due_at).limit(bindparam("limit")),
    _read,
)
_EXECUTIONS = Prepared(
    select(webhook_executions.c.success, webhook_executions.c.logs, webhook_executions.c.created_at)
    .where(webhook_executions.c.triggered_webhook_id == bindparam("id"))
    .order_by(webhook_executions.c.attempt),
    lambda success, logs, created_at: Execution(bool(success), logs, created_at),
)
_FORGET = Prepared(
    delete(triggered_webhooks).where(
        triggered_webhooks.c.created_at < bindparam("moment", type_=UtcDateTime), triggered_webhooks.c.due_at.is_(None)
    )
)
