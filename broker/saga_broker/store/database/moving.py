"""Gives rows other ids, with everything that refers to them: the greatest id is the newest, and some rows come late."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import uuid4

from sqlalchemy import Column, Connection, RowMapping, String, Table, UniqueConstraint, bindparam, delete, select, update

from saga_broker.store.database.query import add

AT_ONCE = 1000


def move(connection: Connection, table: Table, moves: Mapping[int, int]) -> None:
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
