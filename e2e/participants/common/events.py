"""The events that a saga's owner was told, and the routes that take and list them.

The same event told twice is one row: a unique constraint sees to it, also side by side.
"""

import hashlib
import json
from dataclasses import asdict, astuple, dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from participants.common.database import Database
from participants.common.fields import Identifier
from participants.common.states import Params, State

MOST_EVENTS = 1000  # in one answer; a saga has a handful


@dataclass(frozen=True, slots=True)
class SagaEvent:
    """What happened to which step of which saga."""

    saga_id: str
    saga: str
    step: str
    event: str


class SagaEvents:
    """The table `saga_events` and the rules for it."""

    def __init__(self, metadata: MetaData) -> None:
        self.events = Table(
            "saga_events",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("digest", String(64), nullable=False, unique=True),  # of all that follows, which may be too long for an index
            Column("saga_id", String(200), nullable=False, index=True),
            Column("saga", String(200), nullable=False),
            Column("step", String(200), nullable=False),
            Column("event", String(200), nullable=False),
        )

    def take(self, connection: Connection, event: SagaEvent) -> None:
        """Keep the event, once."""
        try:
            with connection.begin_nested():
                connection.execute(insert(self.events).values(digest=_digest(event), **asdict(event)))
        except IntegrityError:
            return  # told before

    def of(self, connection: Connection, saga_id: str) -> list[SagaEvent]:
        """Give what was told about a saga, in the order in which it came."""
        row = self.events.c
        rows = (
            select(row.saga_id, row.saga, row.step, row.event).where(row.saga_id == saga_id).order_by(row.id).limit(MOST_EVENTS)
        )
        return [SagaEvent(*found) for found in connection.execute(rows)]

    @property
    def states(self) -> dict[str, State]:
        """The named states of an owner."""
        return {"nothing was told about a saga": State(NothingIsKnown, self._forget)}

    def _forget(self, connection: Connection, params: "NothingIsKnown") -> None:
        connection.execute(delete(self.events).where(self.events.c.saga_id == params.saga_id))


class NothingIsKnown(Params, frozen=True):
    """Parameters of "nothing was told about a saga"."""

    saga_id: Identifier


class EventRequest(BaseModel, frozen=True):
    """The body of an event. An owner of one saga need not be told which it is."""

    saga_id: Identifier
    saga: Identifier = ""
    step: Identifier
    event: Identifier


def add_event_routes(app: FastAPI, database: Database, events: SagaEvents) -> None:
    """Take an event about a saga (204, also when it was told before), and list a saga's events."""

    @app.post("/saga-events", status_code=204)
    def take(body: EventRequest) -> None:
        with database.writing() as connection:
            events.take(connection, SagaEvent(**body.model_dump()))

    @app.get("/saga-events")
    def told(saga_id: Annotated[Identifier, Query()]) -> dict[str, list[dict[str, Any]]]:
        with database.reading() as connection:
            return {"events": [asdict(event) for event in events.of(connection, saga_id)]}


def _digest(event: SagaEvent) -> str:
    return hashlib.sha256(json.dumps(astuple(event)).encode()).hexdigest()
