"""Events: written inside the transaction of what happened, read by the relay in their order."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from saga_broker.events.event import Event
from saga_broker.http.hal import dump
from saga_broker.store.database.event_tables import events
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add
from saga_broker.store.database.types import UtcDateTime, now
from saga_contracts.wire import exact


def record(connection: Connection, event: Event) -> int:
    """Write an event and give its number; it is handed on once the transaction is committed."""
    return add(connection, events, name=event.name, body=dump(event.to_json()).decode(), created_at=now())


def waiting(connection: Connection, limit: int) -> list[Event]:
    """Give events that not every subscriber has: the oldest first, those that failed before after the others."""
    return _WAITING.all(connection, limit=limit)


def find(connection: Connection, number: int) -> Event | None:
    """Find an event by its number."""
    return _ONE.first(connection, number=number)


def mark_relayed(connection: Connection, numbers: list[int]) -> None:
    """Remember that every subscriber has these events."""
    _RELAYED.run(connection, ids=numbers, moment=now())


def mark_failed(connection: Connection, numbers: list[int]) -> None:
    """Remember that these events could not be handed on, so that they do not keep others waiting."""
    _FAILED.run(connection, ids=numbers)


def forget(connection: Connection, before: datetime) -> int:
    """Delete events that were handed on before a moment; tell how many."""
    return _FORGET.run(connection, moment=before)


def _read(number: int, body: str) -> Event:
    return Event.from_json(exact.loads(body), number)


_WAITING = Prepared(
    select(events.c.id, events.c.body)
    .where(events.c.relayed_at.is_(None))
    .order_by(events.c.tries, events.c.id)
    .limit(bindparam("limit")),
    _read,
)
_ONE = Prepared(select(events.c.id, events.c.body).where(events.c.id == bindparam("number")), _read)
_RELAYED = Prepared(update(events).where(among(events.c.id, "ids")).values(relayed_at=bindparam("moment", type_=UtcDateTime)))
_FAILED = Prepared(update(events).where(among(events.c.id, "ids")).values(tries=events.c.tries + 1))
_FORGET = Prepared(delete(events).where(events.c.relayed_at < bindparam("moment", type_=UtcDateTime)))
