"""The audit log: one line for each write that was stored. Bodies and tokens are in none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from saga_broker.rows import Page
from saga_broker.store.database.access_tables import audit
from saga_broker.store.database.query import add, change
from saga_broker.store.database.types import now


@dataclass(frozen=True, slots=True)
class Write:
    """Who wrote what.

    Attributes:
        token: The token's name.
        prefix: The start of its text.
        method: Of the request.
        path: Percent-encoded, as it was asked for, without a query.
        pacticipants: Whom the write was about.
        status: Of the answer; None: not known.
        request_id: As the request log has it.
    """

    token: str
    prefix: str
    method: str
    path: str
    pacticipants: tuple[str, ...]
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log: a write, and when it was stored."""

    id: int
    at: datetime
    write: Write


def record(connection: Connection, write: Write) -> int:
    """Write a line, in the transaction of what it tells of; gives its number."""
    names = orjson.dumps(write.pacticipants).decode()
    fields = {"token": write.token, "prefix": write.prefix, "method": write.method, "path": write.path}
    return add(connection, audit, at=now(), pacticipants=names, status=write.status, request_id=write.request_id, **fields)


def note_statuses(connection: Connection, statuses: Mapping[int, int]) -> None:
    """Add how writes were answered."""
    for number, status in statuses.items():
        change(connection, audit, number, status=status)


def page(connection: Connection, part: Page, token: str | None = None, pacticipant: str | None = None) -> tuple[list[Entry], int]:
    """Give a part of the log, the newest first, and how many lines it has in all.

    Args:
        connection: The database.
        part: Which part.
        token: Only what the token with this name or prefix wrote.
        pacticipant: Only what is about it.
    """
    query = select(audit)
    if token is not None:
        query = query.where((audit.c.token == token) | (audit.c.prefix == token))
    if pacticipant is not None:
        place = func.instr if connection.dialect.name == "sqlite" else func.strpos
        query = query.where(place(audit.c.pacticipants, orjson.dumps(pacticipant).decode()) > 0)
    total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(part.size).offset(part.offset))
    return [_entry(row) for row in rows.mappings()], int(total)


def _entry(row: Mapping[Any, Any]) -> Entry:
    fields = dict(row)
    number, at = fields.pop("id"), fields.pop("at")
    names = tuple(orjson.loads(fields.pop("pacticipants")))
    return Entry(number, at, Write(pacticipants=names, **fields))
