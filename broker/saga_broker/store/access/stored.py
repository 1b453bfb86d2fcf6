"""Whom a stored thing is about, when the request that changes it names only its key."""

from sqlalchemy import Connection, Table, bindparam, select

from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.schema import deployed_versions, pacticipants, released_versions


def pacticipants_of(connection: Connection, kind: str, key: str) -> tuple[str, ...]:
    """Name the pacticipants of a thing; none when it is not there.

    Args:
        connection: The database.
        kind: `deployed-versions` or `released-versions`.
        key: Its uuid.
    """
    return tuple(_KINDS[kind].scalars(connection, key=key))


def _of(table: Table) -> Prepared[tuple[str]]:
    joined = table.join(pacticipants, pacticipants.c.id == table.c.pacticipant_id)
    return Prepared(select(pacticipants.c.name).select_from(joined).where(table.c.uuid == bindparam("key")))


_KINDS = {
    "deployed-versions": _of(deployed_versions),
    "released-versions": _of(released_versions),
}
