"""The events that the owner was told. The same event told twice is one row: a unique constraint sees to it, also side by side."""

import hashlib
import json
from dataclasses import asdict, astuple, dataclass

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from participants.common.database import Database

METADATA = MetaData()
MOST_EVENTS = 1000  # in one answer; a saga has a handful

saga_events = Table(
    "saga_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # of all that follows, which may be too long for an index
    Column("saga_id", String(200), nullable=False, index=True),
    Column("saga", String(200), nullable=False),
    Column("step", String(200), nullable=False),
    Column("event", String(200), nullable=False),
)


@dataclass(frozen=True, slots=True)
class SagaEvent:
    """What happened to which step of which saga."""

    saga_id: str
    saga: str
    step: str
    event: str


class EventStore:
    """Everything that is done to the owner's database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, event: SagaEvent) -> None:
        """Keep the event, once."""
        with self.database.writing() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(insert(saga_events).values(digest=_digest(event), **asdict(event)))
            except IntegrityError:
                return  # told before

    def events_of(self, saga_id: str) -> list[SagaEvent]:
        """Give what was told about a saga, in the order in which it came."""
        columns = (saga_events.c.saga_id, saga_events.c.saga, saga_events.c.step, saga_events.c.event)
        rows = select(*columns).where(saga_events.c.saga_id == saga_id).order_by(saga_events.c.id).limit(MOST_EVENTS)
        with self.database.reading() as connection:
            return [SagaEvent(*row) for row in connection.execute(rows)]


def _digest(event: SagaEvent) -> str:
    return hashlib.sha256(json.dumps(astuple(event)).encode()).hexdigest()
