"""How much there is to do: events that wait to be handed on, calls of webhooks and jobs by their state."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from saga_broker.store.database.event_tables import events
from saga_broker.store.database.tables import metadata

_STATES = (("webhooks", "triggered_webhooks", "status"), ("jobs", "jobs", "state"))


def queues(connection: Connection) -> dict[tuple[str, str], int]:
    """Count by queue and state."""
    waiting = connection.execute(select(func.count()).select_from(events).where(events.c.relayed_at.is_(None))).scalar_one()
    return {("events", "waiting"): int(waiting), **dict(_by_state(connection))}


def _by_state(connection: Connection) -> Iterator[tuple[tuple[str, str], int]]:
    for queue, name, column in _STATES:
        table = metadata.tables.get(name)
        if table is not None:
            state = table.c[column]
            for value, count in connection.execute(select(state, func.count()).group_by(state)):
                yield (queue, str(value)), int(count)
