"""What is deployed to environments, and what is released and supported in them."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, func, select, union, update

from saga_broker.rows import Deployed, Environment, Released, Version
from saga_broker.store import environments as environment_store
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add, change, fetch, first
from saga_broker.store.database.schema import deployed_versions, environments, pacticipants, released_versions, versions
from saga_broker.store.database.types import now


def deploy(
    connection: Connection,
    version: Version,
    environment_id: int,
    instance: str | None,
    *,
    auto_created: bool = False,
    at: datetime | None = None,
) -> Deployed:
    """Record that a version is deployed now; what was deployed to the same instance before no longer is.

    Args:
        connection: The database.
        version: The version.
        environment_id: Where.
        instance: The application instance.
        auto_created: It was recorded because of a tag.
        at: When what was there before was taken away; None: now.

    Returns:
        The deployment; the existing one when this version is deployed there already.
    """
    same = deployed_versions.c.instance.is_(None) if instance is None else deployed_versions.c.instance == instance
    place = (
        deployed_versions.c.environment_id == environment_id,
        deployed_versions.c.pacticipant_id == version.pacticipant_id,
        deployed_versions.c.undeployed_at.is_(None),
        same,
    )
    current = first(connection, _deployed().where(*place, deployed_versions.c.version_id == version.id), Deployed)
    if current is not None:
        return current
    connection.execute(update(deployed_versions).where(*place).values(undeployed_at=at or now(), updated_at=now()))
    new = add(
        connection,
        deployed_versions,
        uuid=str(uuid4()),
        pacticipant_id=version.pacticipant_id,
        version_id=version.id,
        environment_id=environment_id,
        instance=instance,
        auto_created=auto_created,
        created_at=now(),
    )
    return fetch(connection, _deployed().where(deployed_versions.c.id == new), Deployed)[0]


def release(connection: Connection, version: Version, environment_id: int) -> tuple[Released, bool]:
    """Record that a version is released and supported.

    Returns:
        The release, and whether it is new.
    """
    place = (released_versions.c.environment_id == environment_id, released_versions.c.version_id == version.id)
    current = first(connection, _released().where(*place), Released)
    if current is not None:
        if current.support_ended_at is not None:
            change(connection, released_versions, current.id, support_ended_at=None, updated_at=now())
        return fetch(connection, _released().where(*place), Released)[0], False
    uuid = str(uuid4())
    owner = {"pacticipant_id": version.pacticipant_id, "version_id": version.id, "environment_id": environment_id}
    add(connection, released_versions, uuid=uuid, created_at=now(), **owner)
    return fetch(connection, _released().where(*place), Released)[0], True


def find_deployed(connection: Connection, uuid: str) -> Deployed | None:
    """Find a deployment."""
    return first(connection, _deployed().where(deployed_versions.c.uuid == uuid), Deployed)


def find_released(connection: Connection, uuid: str) -> Released | None:
    """Find a release."""
    return first(connection, _released().where(released_versions.c.uuid == uuid), Released)


def undeploy(connection: Connection, deployed: Deployed, at: datetime | None = None) -> None:
    """Record that a deployment is gone, since a moment or now."""
    if deployed.undeployed_at is None:
        change(connection, deployed_versions, deployed.id, undeployed_at=at or now(), updated_at=now())


def end_support(connection: Connection, released: Released, at: datetime | None = None) -> None:
    """Record that a release is no longer supported, since a moment or now."""
    if released.support_ended_at is None:
        change(connection, released_versions, released.id, support_ended_at=at or now())


def deployments(
    connection: Connection,
    environment_id: int,
    *,
    pacticipant: str | None = None,
    version_id: int | None = None,
    instance: str | None = None,
    current: bool = True,
) -> list[Deployed]:
    """List deployments to an environment, the newest first.

    Args:
        connection: The database.
        environment_id: The environment.
        pacticipant: Only of this pacticipant.
        version_id: Only of this version.
        instance: Only this instance; "" means those without a name.
        current: Only what is deployed now.
    """
    newest_first = (deployed_versions.c.created_at.desc(), deployed_versions.c.id.desc())
    query = _deployed().where(deployed_versions.c.environment_id == environment_id).order_by(*newest_first)
    if current:
        query = query.where(deployed_versions.c.undeployed_at.is_(None))
    if pacticipant is not None:
        query = query.where(pacticipants.c.name == pacticipant)
    if version_id is not None:
        query = query.where(deployed_versions.c.version_id == version_id)
    if instance is not None:
        blank = instance.strip() == ""
        query = query.where(deployed_versions.c.instance.is_(None) if blank else deployed_versions.c.instance == instance)
    return fetch(connection, query, Deployed)


def releases(
    connection: Connection,
    environment_id: int,
    *,
    pacticipant: str | None = None,
    number: str | None = None,
    version_id: int | None = None,
    supported: bool = True,
) -> list[Released]:
    """List releases in an environment, the oldest first."""
    query = _released().where(released_versions.c.environment_id == environment_id).order_by(released_versions.c.id)
    if supported:
        query = query.where(released_versions.c.support_ended_at.is_(None))
    if pacticipant is not None:
        query = query.where(pacticipants.c.name == pacticipant)
    if number is not None:
        query = query.where(versions.c.number == number)
    if version_id is not None:
        query = query.where(released_versions.c.version_id == version_id)
    return fetch(connection, query, Released)


def of_versions(
    connection: Connection, version_ids: list[int], *, current: bool = False
) -> tuple[list[Deployed], list[Released]]:
    """Give the deployments and releases of several versions; only those of now when `current`."""
    deployed, released = _of_versions(current=current)
    return deployed.all(connection, ids=version_ids), released.all(connection, ids=version_ids)


def live_environments(connection: Connection, version_ids: list[int]) -> dict[int, list[Environment]]:
    """Give the environments in which several versions are deployed or released now, by version id, by their display names."""
    found: dict[int, list[Environment]] = {}
    for version_id, *environment in _LIVE_ENVIRONMENTS.all(connection, ids=version_ids):
        found.setdefault(version_id, []).append(Environment(*environment))
    return found


def current_of_pacticipant(connection: Connection, pacticipant: str) -> list[tuple[Deployed, Environment]]:
    """Give what is deployed of a pacticipant now, with the environments."""
    query = _deployed().where(pacticipants.c.name == pacticipant, deployed_versions.c.undeployed_at.is_(None))
    found = fetch(connection, query.order_by(deployed_versions.c.id), Deployed)
    places = environment_store.by_ids(connection, [row.environment_id for row in found])
    return [(row, places[row.environment_id]) for row in found]


@cache
def _of_versions(*, current: bool) -> tuple[Prepared[Deployed], Prepared[Released]]:
    deployed = _deployed().where(among(deployed_versions.c.version_id, "ids"))
    released = _released().where(among(released_versions.c.version_id, "ids"))
    if current:
        deployed = deployed.where(deployed_versions.c.undeployed_at.is_(None))
        released = released.where(released_versions.c.support_ended_at.is_(None))
    return (
        Prepared(deployed.order_by(deployed_versions.c.id), Deployed),
        Prepared(released.order_by(released_versions.c.id), Released),
    )


def _deployed() -> Select[Any]:
    table = deployed_versions.c
    columns = (table.id, table.uuid, pacticipants.c.name.label("pacticipant"), table.version_id, versions.c.number)
    more = (table.environment_id, table.instance, table.created_at, table.updated_at, table.undeployed_at)
    joined = select(*columns, *more).join(versions, versions.c.id == table.version_id)
    return joined.join(pacticipants, pacticipants.c.id == table.pacticipant_id)


def _released() -> Select[Any]:
    table = released_versions.c
    columns = (table.id, table.uuid, pacticipants.c.name.label("pacticipant"), table.version_id, versions.c.number)
    more = (table.environment_id, table.created_at, table.updated_at, table.support_ended_at)
    joined = select(*columns, *more).join(versions, versions.c.id == table.version_id)
    return joined.join(pacticipants, pacticipants.c.id == table.pacticipant_id)


def _live_environments() -> Select[Any]:
    live = union(
        *(
            select(table.c.version_id, table.c.environment_id).where(among(table.c.version_id, "ids"), ended.is_(None))
            for table, ended in (
                (deployed_versions, deployed_versions.c.undeployed_at),
                (released_versions, released_versions.c.support_ended_at),
            )
        )
    ).subquery("live")
    query = select(live.c.version_id, *environments.c).join(environments, environments.c.id == live.c.environment_id)
    return query.order_by(func.lower(environments.c.display_name), environments.c.id)


_LIVE_ENVIRONMENTS = Prepared(_live_environments())
