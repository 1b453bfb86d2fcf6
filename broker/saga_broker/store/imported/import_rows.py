"""Writes single rows as another broker has them: what is new with its date, what is here only where theirs is later."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, update

from saga_broker.store.database.query import add

Values = Mapping[str, Any]


def put(
    connection: Connection, table: Table, key: Values, created_at: datetime, values: Values, first: Values | None = None
) -> tuple[int, bool]:
    """Write a row, by a unique key. What is here keeps its date, and its values when they were changed later than theirs.

    Args:
        connection: The database.
        table: The table.
        key: What the row is found by.
        created_at: When it was made there.
        values: What it has there, with `updated_at` when it was changed.
        first: What is set besides, only when the row is new.

    Returns:
        Its id, and whether it is new.
    """
    found = connection.execute(select(table).where(*_equal(table, key))).mappings().first()
    if found is None:
        return add(connection, table, **key, **values, **(first or {}), created_at=created_at), True
    if values:
        is_later = (values.get("updated_at") or created_at) > (found.get("updated_at") or found["created_at"])
        taken = {name: value for name, value in values.items() if is_later or (found[name] is None and name != "updated_at")}
        settle(connection, table, int(found["id"]), taken)
    return int(found["id"]), False


def settle(connection: Connection, table: Table, row_id: int, values: Values) -> None:
    """Let a row have these values; nothing is written when it has them."""
    if not values:
        return
    row = connection.execute(select(*(table.c[name] for name in values)).where(table.c.id == row_id)).one()
    changed = {name: value for (name, value), known in zip(values.items(), row, strict=True) if value != known}
    if changed:
        connection.execute(update(table).where(table.c.id == row_id).values(**changed))


def _equal(table: Table, key: Values) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]
