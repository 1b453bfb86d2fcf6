"""Versions of pacticipants. A version's id is its place in the global order: created last is latest."""

from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, select

from saga_broker.gate.version_numbers import key
from saga_broker.http.errors import RefusedError
from saga_broker.rows import Page, Version
from saga_broker.store import branches as branch_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import version_order
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add, change, fetch, fetch_page, first
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    deployed_versions,
    pacticipants,
    released_versions,
    tags,
    versions,
)
from saga_broker.store.database.types import now

NO_NUMBER = (
    "The version number '{}' cannot be parsed to a version number. The expected format (unless this configuration has been "
    "overridden) is a semantic version. eg. 1.3.0 or 2.0.4.rc1"
)


def find(connection: Connection, pacticipant: str, number: str) -> Version | None:
    """Find a version by pacticipant name and number."""
    return _BY_NUMBER.first(connection, pacticipant=pacticipant, number=number)


def find_by_ids(connection: Connection, version_ids: list[int]) -> dict[int, Version]:
    """Give versions by id."""
    return {version.id: version for version in _BY_IDS.all(connection, ids=version_ids)}


def get_or_create(connection: Connection, pacticipant: str, number: str) -> tuple[Version, bool]:
    """Give a version; make it, and its pacticipant, when it is new.

    Returns:
        The version, and whether it was made now.

    Raises:
        RefusedError: Versions are ordered by their numbers, and this one is none.
    """
    version = find(connection, pacticipant, number)
    if version is not None:
        return version, False
    if version_order.is_by_number(connection) and key(number) is None:
        raise RefusedError(400, NO_NUMBER.format(number))
    owner = pacticipant_store.get_or_create(connection, pacticipant)
    moment = now()
    new = add(connection, versions, pacticipant_id=owner.id, number=number, created_at=moment)
    if version_order.is_by_number(connection):
        version_order.settle(connection, owner.id)
        found = find(connection, pacticipant, number)
        assert found is not None  # noqa: S101  (made just now)
        return found, True
    return Version(new, owner.id, owner.name, number, None, moment, None), True


def set_build_url(connection: Connection, version: Version, build_url: str | None, *, is_new: bool) -> None:
    """Set or clear where the version was built; a version made just now does not count as updated."""
    change(connection, versions, version.id, build_url=build_url, updated_at=None if is_new else now())


def touch(connection: Connection, version: Version) -> None:
    """Remember that a version was updated."""
    change(connection, versions, version.id, updated_at=now())


def latest(connection: Connection, pacticipant: str, tag: str | None = None) -> Version | None:
    """Find the newest version of a pacticipant, with a tag when one is given."""
    query = all_versions().where(pacticipants.c.name == pacticipant).order_by(versions.c.id.desc())
    if tag is not None:
        query = query.where(versions.c.id.in_(select(tags.c.version_id).where(tags.c.name == tag)))
    return first(connection, query, Version)


def latest_of_each(connection: Connection, pacticipant_ids: list[int]) -> dict[int, Version]:
    """Give the newest version of several pacticipants, by pacticipant id."""
    newest = (
        select(func.max(versions.c.id)).where(versions.c.pacticipant_id.in_(pacticipant_ids)).group_by(versions.c.pacticipant_id)
    )
    found = fetch(connection, all_versions().where(versions.c.id.in_(newest)), Version)
    return {version.pacticipant_id: version for version in found}


def branch_head(connection: Connection, pacticipant: str, branch: str) -> Version | None:
    """Find the version that was added to a branch last."""
    return _BRANCH_HEAD.first(connection, pacticipant=pacticipant, branch=branch)


def listing(
    connection: Connection,
    pacticipant: str,
    *,
    branch: str | None = None,
    tag: str | None = None,
    environment_id: int | None = None,
    page: Page | None = None,
) -> tuple[list[Version], int]:
    """List versions of a pacticipant, the newest first; on a branch, with a tag, or ever deployed or released in an environment.

    Returns:
        The versions, and how many there are on all pages.
    """
    query = all_versions().where(pacticipants.c.name == pacticipant).order_by(versions.c.id.desc())
    if branch is not None:
        on_branch = select(branch_versions.c.version_id).join(branches, branches.c.id == branch_versions.c.branch_id)
        query = query.where(versions.c.id.in_(on_branch.where(branches.c.name == branch)))
    if tag is not None:
        query = query.where(versions.c.id.in_(select(tags.c.version_id).where(tags.c.name == tag)))
    if environment_id is not None:
        query = query.where(versions.c.id.in_(_ever_in(environment_id)))
    return fetch_page(connection, query, Version, page)


def remove(connection: Connection, version: Version) -> None:
    """Delete a version with its pacts, results, tags and deployments; branch heads move to the version before."""
    held = select(branch_versions.c.branch_id).where(branch_versions.c.version_id == version.id)
    branch_ids = list(connection.execute(held).scalars())
    connection.execute(delete(versions).where(versions.c.id == version.id))
    for branch_id in branch_ids:
        branch_store.settle_head(connection, branch_id)


def all_versions() -> Select[Any]:
    """Select versions with the columns of the record `Version`."""
    return select(
        versions.c.id,
        versions.c.pacticipant_id,
        pacticipants.c.name.label("pacticipant"),
        versions.c.number,
        versions.c.build_url,
        versions.c.created_at,
        versions.c.updated_at,
    ).join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)


_BY_NUMBER = Prepared(
    all_versions().where(pacticipants.c.name == bindparam("pacticipant"), versions.c.number == bindparam("number")), Version
)
_BY_IDS = Prepared(all_versions().where(among(versions.c.id, "ids")), Version)
_BRANCH_HEAD = Prepared(
    all_versions()
    .join(branch_heads, branch_heads.c.version_id == versions.c.id)
    .join(branches, branches.c.id == branch_heads.c.branch_id)
    .where(pacticipants.c.name == bindparam("pacticipant"), branches.c.name == bindparam("branch")),
    Version,
)


def _ever_in(environment_id: int) -> Any:
    deployed = select(deployed_versions.c.version_id).where(deployed_versions.c.environment_id == environment_id)
    return deployed.union(select(released_versions.c.version_id).where(released_versions.c.environment_id == environment_id))
