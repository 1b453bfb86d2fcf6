"""Small helpers for reading rows as records and writing rows."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, func, select

from saga_broker.rows import Page
from saga_broker.store.database.prepared import alteration, insertion

T = TypeVar("T")


def fetch(connection: Connection, query: Select[Any], record: type[T]) -> list[T]:
    """Read all rows as records; the query's columns bear the record's field names."""
    return [record(**row) for row in connection.execute(query).mappings()]


def first(connection: Connection, query: Select[Any], record: type[T]) -> T | None:
    """Read the first row as a record."""
    row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else record(**row)


def fetch_page(connection: Connection, query: Select[Any], record: type[T], page: Page | None) -> tuple[list[T], int]:
    """Read one page of a list.

    Returns:
        The records, and how many there are on all pages.
    """
    if page is None:
        records = fetch(connection, query, record)
        return records, len(records)
    total = connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    return fetch(connection, query.limit(page.size).offset(page.offset), record), int(total)


def add(connection: Connection, table: Table, **values: Any) -> int:
    """Insert a row and give its id."""
    return int(insertion(table, tuple(values)).scalar(connection, **values))


def change(connection: Connection, table: Table, row_id: int, **values: Any) -> None:
    """Update a row by its id."""
    alteration(table, tuple(values)).run(connection, row_id=row_id, **values)


def ids(connection: Connection, query: Select[Any]) -> list[int]:
    """Read a column of ids."""
    return [int(value) for value in connection.execute(query).scalars()]


def texts(connection: Connection, query: Select[Any]) -> list[str]:
    """Read a column of texts."""
    return [str(value) for value in connection.execute(query).scalars()]


def by_version(records: Sequence[T]) -> dict[int, list[T]]:
    """Group records by their `version_id`."""
    groups: dict[int, list[T]] = {}
    for record in records:
        groups.setdefault(record.version_id, []).append(record)  # type: ignore[attr-defined]
    return groups
