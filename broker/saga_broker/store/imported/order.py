"""Keeps the order of ids that of time when rows come late: the one place where an import meets what is here.

Everywhere else the greatest id is the newest. A row that another broker had before gets its place among those that came here
since: the rows behind it move one id on, with everything that refers to them.
"""

import heapq
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from operator import itemgetter

from sqlalchemy import ColumnElement, Connection, Table, select

from saga_broker.store.database.moving import move

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
    move(connection, table, {old: to for old, to in zip(wanted, sorted(wanted), strict=True) if old != to})
