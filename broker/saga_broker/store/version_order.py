"""Keeps the versions of a pacticipant in the order of their numbers, where the operator wants that instead of the order of time.

Everywhere else the greatest id is the newest version; so a version that comes late gets the id that belongs to its number.
"""

from sqlalchemy import Connection, select

from saga_broker.gate.version_numbers import Key, key
from saga_broker.store.database.moving import move
from saga_broker.store.database.schema import pacticipants, versions


def is_by_number(connection: Connection) -> bool:
    """Tell whether versions are ordered by their numbers here."""
    return connection.get_execution_options().get("version_order") == "semver"


def settle(connection: Connection, pacticipant_id: int) -> None:
    """Put the versions of a pacticipant in order; numbers that cannot be read come first, as they were."""
    newest = select(versions.c.id, versions.c.number).where(versions.c.pacticipant_id == pacticipant_id)
    newest = newest.order_by(versions.c.id.desc())
    last_two = [_place(number) for _, number in connection.execute(newest.limit(2))]
    if len(last_two) < 2 or last_two[0] >= last_two[1]:  # noqa: PLR2004  (came in order, as most do)
        return
    rows = connection.execute(newest).all()[::-1]
    wanted = [row_id for row_id, _ in sorted(rows, key=lambda row: _place(row[1]))]
    move(connection, versions, {old: new for old, (new, _) in zip(wanted, rows, strict=True) if old != new})


def settle_all(connection: Connection) -> None:
    """Put the versions of all pacticipants in order: they may have come while time was what counted."""
    for owner in connection.execute(select(pacticipants.c.id)).scalars().all():
        rows = connection.execute(
            select(versions.c.id, versions.c.number).where(versions.c.pacticipant_id == owner).order_by(versions.c.id)
        ).all()
        wanted = [row_id for row_id, _ in sorted(rows, key=lambda row: _place(row[1]))]
        moves = {old: new for old, (new, _) in zip(wanted, rows, strict=True) if old != new}
        if moves:
            move(connection, versions, moves)


def _place(number: str) -> tuple[bool, Key]:
    found = key(number)
    return found is not None, found or ()
