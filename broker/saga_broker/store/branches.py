"""Branches, the versions on them, and their heads. The head is the version that was added to the branch last."""

from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, select, update

from saga_broker.rows import Branch, BranchVersion, Page
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add, by_version, change, fetch_page, first
from saga_broker.store.database.schema import branch_heads, branch_versions, branches, pacticipants
from saga_broker.store.database.types import UtcDateTime, now


def find(connection: Connection, pacticipant: str, branch: str) -> Branch | None:
    """Find a branch."""
    return _BY_NAME.first(connection, pacticipant=pacticipant, name=branch)


def listing(connection: Connection, pacticipant: str, part: str | None, page: Page | None) -> tuple[list[Branch], int]:
    """List branches, the last changed first.

    Returns:
        The branches, and how many there are on all pages.
    """
    changed = func.coalesce(branches.c.updated_at, branches.c.created_at)
    query = _of(pacticipant).order_by(changed.desc(), branches.c.id.desc())
    if part:
        query = query.where(func.lower(branches.c.name).contains(part.lower(), autoescape=True))
    return fetch_page(connection, query, Branch, page)


def find_version(connection: Connection, pacticipant: str, branch: str, number_id: int) -> BranchVersion | None:
    """Find a version on a branch."""
    query = _branch_versions().join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    query = query.where(pacticipants.c.name == pacticipant, branches.c.name == branch, branch_versions.c.version_id == number_id)
    return first(connection, query, BranchVersion)


def of_versions(connection: Connection, version_ids: list[int]) -> dict[int, list[BranchVersion]]:
    """Give the branches of several versions, in the order in which the versions were added to them."""
    return by_version(_OF_VERSIONS.all(connection, ids=version_ids))


def add_version(connection: Connection, pacticipant_id: int, branch: str, version_id: int, *, auto_created: bool = False) -> bool:
    """Put a version on a branch and make it the head. A version that is on the branch already changes nothing.

    Returns:
        Whether it was added now.
    """
    branch_id = _touched_or_made(connection, pacticipant_id, branch)
    existing = _PLACE.scalar(connection, branch_id=branch_id, version_id=version_id)
    if existing is not None:
        change(connection, branch_versions, existing, updated_at=now())
        return False
    values = {"branch_id": branch_id, "version_id": version_id, "auto_created": auto_created, "created_at": now()}
    add(connection, branch_versions, **values)
    if _MOVE_HEAD.run(connection, branch=branch_id, head=version_id) == 0:
        _FIRST_HEAD.run(connection, branch_id=branch_id, version_id=version_id)
    return True


def remove(connection: Connection, branch: Branch) -> None:
    """Delete a branch; the versions stay."""
    connection.execute(delete(branches).where(branches.c.id == branch.id))


def remove_others(connection: Connection, pacticipant: str, kept: list[str]) -> tuple[list[str], list[str]]:
    """Delete all branches of a pacticipant but some.

    Returns:
        The names that were deleted, and those that remain.
    """
    every, _ = listing(connection, pacticipant, None, None)
    gone = [branch for branch in every if branch.name not in kept]
    connection.execute(delete(branches).where(branches.c.id.in_([branch.id for branch in gone])))
    return [branch.name for branch in gone], sorted(branch.name for branch in every if branch.name in kept)


def remove_version(connection: Connection, branch_id: int, version_id: int) -> None:
    """Take a version off a branch; the version added before becomes the head."""
    connection.execute(
        delete(branch_versions).where(branch_versions.c.branch_id == branch_id, branch_versions.c.version_id == version_id),
    )
    settle_head(connection, branch_id)


def settle_head(connection: Connection, branch_id: int) -> None:
    """Make the version that was added last the head."""
    connection.execute(delete(branch_heads).where(branch_heads.c.branch_id == branch_id))
    last = select(branch_versions.c.version_id).where(branch_versions.c.branch_id == branch_id)
    version_id = connection.execute(last.order_by(branch_versions.c.id.desc()).limit(1)).scalar()
    if version_id is not None:
        connection.execute(branch_heads.insert().values(branch_id=branch_id, version_id=version_id))


def _touched_or_made(connection: Connection, pacticipant_id: int, branch: str) -> int:
    moment = now()
    existing = _TOUCH.scalar(connection, owner=pacticipant_id, branch=branch, moment=moment)
    if existing is not None:
        return int(existing)
    return add(connection, branches, pacticipant_id=pacticipant_id, name=branch, created_at=moment, updated_at=moment)


def _of(pacticipant: str) -> Select[Any]:
    joined = select(branches).join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    return joined.where(pacticipants.c.name == pacticipant)


def _branch_versions() -> Select[Any]:
    head = and_(branch_heads.c.branch_id == branches.c.id, branch_heads.c.version_id == branch_versions.c.version_id)
    return (
        select(
            branch_versions.c.version_id,
            branch_versions.c.branch_id,
            branches.c.name,
            branch_heads.c.branch_id.is_not(None).label("latest"),
            branch_versions.c.auto_created,
            branch_versions.c.created_at,
            branch_versions.c.updated_at,
        )
        .select_from(branch_versions)
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .outerjoin(branch_heads, head)
    )


_BY_NAME = Prepared(
    select(branches)
    .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    .where(pacticipants.c.name == bindparam("pacticipant"), branches.c.name == bindparam("name")),
    Branch,
)
_TOUCH = Prepared(
    update(branches)
    .where(branches.c.pacticipant_id == bindparam("owner"), branches.c.name == bindparam("branch"))
    .values(updated_at=bindparam("moment", type_=UtcDateTime))
    .returning(branches.c.id)
)
_PLACE = Prepared(
    select(branch_versions.c.id).where(
        branch_versions.c.branch_id == bindparam("branch_id"), branch_versions.c.version_id == bindparam("version_id")
    )
)
_OF_VERSIONS = Prepared(
    _branch_versions().where(among(branch_versions.c.version_id, "ids")).order_by(branch_versions.c.id), BranchVersion
)
_MOVE_HEAD = Prepared(
    update(branch_heads).where(branch_heads.c.branch_id == bindparam("branch")).values(version_id=bindparam("head"))
)
_FIRST_HEAD = Prepared(insert(branch_heads).values(branch_id=bindparam("branch_id"), version_id=bindparam("version_id")))
