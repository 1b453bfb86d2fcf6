"""Keeps the order of ids that of time when rows come late: the one place where an import meets what is here.

Everywhere else the greatest id is the newest. A row that another broker had before gets its place among those that came here
since: the rows behind it move one id on, with everything that refers to them.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from operator import itemgetter
from uuid import uuid4

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)

from saga_broker.store.database.query import add

AT_ONCE = 1000
Late = tuple[int, datetime]
"""The id of a row that was written just now, and the moment to which it belongs."""


def place(connection: Connection, table: Table, group: ColumnElement[bool], late: Sequence[Late]) -> None:
    """Put rows that were written just now where their moments belong.

    Args:
        connection: The database, open for writing.
        table: The table, with columns `id` and `created_at`.
        group: Chooses the rows that have an order among themselves.
        late: The new rows of the group; of two with one moment, the first comes first.
    """
    if not late:
        return
    coming = sorted(late, key=itemgetter(1))
    new = {row_id for row_id, _ in late}
    last = select(table.c.created_at).where(group, table.c.id < min(new)).order_by(table.c.id.desc()).limit(1)
    before = connection.execute(last).scalar()
    is_sorted = [row_id for row_id, _ in coming] == sorted(new)
    if is_sorted and (before is None or before <= coming[0][1]):
        return
    rows = connection.execute(select(table.c.id, table.c.created_at).where(group).order_by(table.c.id)).all()
    here = [(row_id, at) for row_id, at in rows if row_id not in new]
    moments = accumulate((at for _, at in here), max)  # what is here keeps its own order
    known = [(row_id, at) for (row_id, _), at in zip(here, moments, strict=True)]
    wanted = [row_id for row_id, _ in heapq.merge(known, coming, key=itemgetter(1))]
    _move(connection, table, {old: to for old, to in zip(wanted, sorted(wanted), strict=True) if old != to})


def _move(connection: Connection, table: Table, moves: Mapping[int, int]) -> None:
    """Give rows other ids; what refers to them waits at copies meanwhile, so that no reference is ever wrong."""
    rows = [dict(row) for row in _rows(connection, table, sorted(moves))]
    referring = _referring(table)
    copies: dict[int, int] = {}
    if referring:
        copies = {row["id"]: add(connection, table, **_as_copy(table, row)) for row in rows}
        _point(connection, referring, copies.items())
    _delete(connection, table, moves)
    connection.execute(table.insert(), [{**row, "id": moves[row["id"]]} for row in rows])
    if referring:
        _point(connection, referring, ((copies[old], new) for old, new in moves.items()))
        _delete(connection, table, copies.values())


def _rows(connection: Connection, table: Table, ids: Sequence[int]) -> Iterator[RowMapping]:
    for first in range(0, len(ids), AT_ONCE):
        some = table.c.id.in_(ids[first : first + AT_ONCE])
        yield from connection.execute(select(table).where(some)).mappings()


def _delete(connection: Connection, table: Table, ids: Iterable[int]) -> None:
    connection.execute(delete(table).where(table.c.id == bindparam("old")), [{"old": one} for one in ids])


def _referring(table: Table) -> list[Column[int]]:
    return [key.parent for other in table.metadata.sorted_tables for key in other.foreign_keys if key.column is table.c.id]


def _as_copy(table: Table, row: Mapping[str, object]) -> dict[str, object]:
    """Give a row's values with another word in each text that must be unique."""
    unique = {column for one in table.constraints if isinstance(one, UniqueConstraint) for column in one.columns}
    names = {column.name for column in unique if isinstance(column.type, String)}
    return {name: uuid4().hex if name in names else value for name, value in row.items() if name != "id"}


def _point(connection: Connection, referring: Iterable[Column[int]], moves: Iterable[tuple[int, int]]) -> None:
    pairs = [{"old": old, "new": new} for old, new in moves]
    for column in referring:
        statement = update(column.table).where(column == bindparam("old")).values({column.name: bindparam("new")})
        connection.execute(statement, pairs)
