"""The orders that customers placed, until a saga was started for each; and what was told about those sagas.

An order is written down before its saga is asked for, with an id of its own: however often the saga service is asked then, also
after a crash, it starts one saga.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Column, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from participants.common.database import Database
from participants.common.events import SagaEvents

METADATA = MetaData()
EVENTS = SagaEvents(METADATA)

placed = Table(
    "placed",
    METADATA,
    Column("request_id", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("saga_id", String(200), index=True),  # None: the saga service has not answered yet
    Column("refusal", String(2000)),  # why the saga service does not start it
)


class OtherOrderError(Exception):
    """The request id belongs to another order."""


class GatewayStore:
    """Everything that is done to the gateway's database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def place(self, request_id: str, payload: Mapping[str, Any]) -> bool:
        """Write an order down; is it a new one?

        Raises:
            OtherOrderError: Nothing was changed.
        """
        row = {"request_id": request_id, "payload": dict(payload), "fingerprint": _fingerprint(payload)}
        with self.database.writing() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(insert(placed).values(row))
            except IntegrityError:
                known = connection.execute(select(placed.c.fingerprint).where(placed.c.request_id == request_id)).scalar_one()
                if known != row["fingerprint"]:
                    raise OtherOrderError from None
                return False
        return True

    def waiting(self, most: int) -> list[tuple[str, dict[str, Any]]]:
        """Give request id and payload of orders whose saga was not started yet."""
        rows = select(placed.c.request_id, placed.c.payload).where(placed.c.saga_id.is_(None), placed.c.refusal.is_(None))
        with self.database.reading() as connection:
            return [(row.request_id, row.payload) for row in connection.execute(rows.limit(most))]

    def started(self, request_id: str, saga_id: str) -> None:
        """Keep which saga was started for an order."""
        self._change(request_id, {"saga_id": saga_id})

    def refused(self, request_id: str, why: str) -> None:
        """Keep why no saga is started for an order."""
        self._change(request_id, {"refusal": why[:2000]})

    def told(self, request_id: str) -> dict[str, Any] | None:
        """Tell where an order stands; None when there is no such order."""
        with self.database.reading() as connection:
            row = connection.execute(select(placed).where(placed.c.request_id == request_id)).one_or_none()
            if row is None:
                return None
            state = "started" if row.saga_id else "refused" if row.refusal else "placed"
            events = [event.event for event in EVENTS.of(connection, row.saga_id)] if row.saga_id else []
        return {"state": state, "saga_id": row.saga_id, "events": events}

    def _change(self, request_id: str, values: Mapping[str, Any]) -> None:
        with self.database.writing() as connection:
            connection.execute(update(placed).where(placed.c.request_id == request_id).values(values))


def _fingerprint(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
