"""Workers: which there are, what they have, and when each was last heard of."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from saga_broker.store.database.job_tables import workers
from saga_broker.store.database.query import add, change, fetch
from saga_broker.store.database.types import now


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker's process."""

    name: str
    labels: tuple[str, ...]
    seen_at: datetime
    created_at: datetime


def beat(connection: Connection, name: str, labels: tuple[str, ...]) -> bool:
    """Remember that a worker was heard of now; tell whether it is new."""
    existing = connection.execute(select(workers.c.id).where(workers.c.name == name)).scalar()
    moment = now()
    if existing is None:
        add(connection, workers, name=name, labels=json.dumps(labels), seen_at=moment, created_at=moment)
    else:
        change(connection, workers, existing, labels=json.dumps(labels), seen_at=moment, updated_at=moment)
    return existing is None


def remove(connection: Connection, name: str) -> bool:
    """Forget a worker that leaves; tell whether it was known."""
    return connection.execute(delete(workers).where(workers.c.name == name)).rowcount > 0


def forget_silent(connection: Connection, age: timedelta) -> None:
    """Forget workers that were not heard of for long."""
    connection.execute(delete(workers).where(workers.c.seen_at < now() - age))


def listing(connection: Connection) -> list[Worker]:
    """List all workers by name."""
    query = select(workers.c.name, workers.c.labels, workers.c.seen_at, workers.c.created_at).order_by(workers.c.name)
    return [Worker(**{**row, "labels": tuple(json.loads(row["labels"]))}) for row in fetch(connection, query, dict)]


def alive(connection: Connection, lease_s: float) -> list[Worker]:
    """List the workers that were heard of within a lease."""
    since = now() - timedelta(seconds=lease_s)
    return [one for one in listing(connection) if one.seen_at >= since]
