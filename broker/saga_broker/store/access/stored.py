"""Whom a stored thing is about, when the request that changes it names only its key."""

from sqlalchemy import Connection, Table, bindparam, select

from saga_broker.store.database.job_tables import jobs
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.schema import deployed_versions, pacticipants, released_versions


def pacticipants_of(connection: Connection, kind: str, key: str) -> tuple[str, ...]:
    """Name the pacticipants of a thing; none when it is not there.

    Args:
        connection: The database.
        kind: `deployed-versions`, `released-versions` or `jobs`, of which the provider counts.
        key: Its uuid, or its key.
    """
    return tuple(_KINDS[kind].scalars(connection, key=key))


def _of(table: Table, key: str = "uuid", pacticipant: str = "pacticipant_id") -> Prepared[tuple[str]]:
    joined = table.join(pacticipants, pacticipants.c.id == table.c[pacticipant])
    return Prepared(select(pacticipants.c.name).select_from(joined).where(table.c[key] == bindparam("key")))


_KINDS = {
    "deployed-versions": _of(deployed_versions),
    "released-versions": _of(released_versions),
    "jobs": _of(jobs, "key", "provider_id"),
}
