"""Deployments and releases as another broker has them: nothing that ended lives again, and one version is live at an instance."""

from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, select, update

from saga_broker.store.database.query import change
from saga_broker.store.database.schema import deployed_versions, released_versions
from saga_broker.store.imported.import_rows import Values, put, settle


def put_deployment(connection: Connection, uuid: str, created_at: datetime, place_: Values, ended_at: datetime | None) -> None:
    """Write a deployment, by its uuid. One that ended here stays so.

    Args:
        connection: The database.
        uuid: The deployment's.
        created_at: When it was made.
        place_: Pacticipant, version, environment and instance.
        ended_at: When it ended there; None when it has not.
    """
    first = {**place_, "undeployed_at": ended_at}
    row_id, is_new = put(connection, deployed_versions, {"uuid": uuid}, created_at, {}, first)
    table = deployed_versions.c
    if not is_new and ended_at is not None:
        over = update(deployed_versions).where(table.id == row_id, table.undeployed_at.is_(None))
        connection.execute(over.values(undeployed_at=ended_at))
    instance = place_["instance"]
    same = table.instance.is_(None) if instance is None else table.instance == instance
    where = [table[name] == place_[name] for name in ("pacticipant_id", "environment_id")]
    live = select(table.id, table.created_at).where(*where, same, table.undeployed_at.is_(None))
    rows = connection.execute(live.order_by(table.created_at, table.id)).all()
    for (old, _), (_, since) in pairwise(rows):  # one version is deployed to an instance: the one that came last
        change(connection, deployed_versions, old, undeployed_at=since, updated_at=since)


def put_release(
    connection: Connection,
    uuid: str,
    owners: Values,
    created_at: datetime,
    updated_at: datetime | None,
    ended_at: datetime | None,
) -> None:
    """Write a release, by version and environment; whoever changed it last is right about whether it is supported."""
    key = {name: owners[name] for name in ("version_id", "environment_id")}
    own = {"uuid": uuid, "pacticipant_id": owners["pacticipant_id"]}
    ended = {"support_ended_at": ended_at, "updated_at": updated_at}
    row_id, is_new = put(connection, released_versions, key, created_at, {}, own | ended)
    if is_new:
        return
    row = connection.execute(select(released_versions).where(released_versions.c.id == row_id)).one()
    ours = max(filter(None, (row.created_at, row.updated_at, row.support_ended_at)))
    if max(filter(None, (created_at, updated_at, ended_at))) > ours:
        settle(connection, released_versions, row_id, ended)
