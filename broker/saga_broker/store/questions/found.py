"""Branches and versions that are looked for by a part of their name, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, select

from saga_broker.rows import Page, Version
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.schema import branch_heads, branch_versions, branches, pacticipants, versions
from saga_broker.store.versions import all_versions

Counted = tuple[Prepared[Any], Prepared[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Head:
    """A branch with the version that was added to it last; without one when none is on it any more."""

    pacticipant: str
    branch: str
    changed_at: datetime
    version_id: int | None
    number: str | None
    created_at: datetime | None


def branches_found(connection: Connection, part: str, page: Page, pacticipant_id: int | None = None) -> tuple[list[Head], int]:
    """List branches whose names hold a text, the last changed first; of every pacticipant, or of one.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    return _paged(connection, _branches(is_of_one=pacticipant_id is not None), part, page, pacticipant_id)


def versions_found(connection: Connection, part: str, page: Page, pacticipant_id: int | None = None) -> tuple[list[Version], int]:
    """List versions whose numbers hold a text, the newest first; of every pacticipant, or of one.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    return _paged(connection, _versions(is_of_one=pacticipant_id is not None), part, page, pacticipant_id)


def versions_on_branch(connection: Connection, branch_id: int, page: Page, part: str = "") -> tuple[list[Version], int]:
    """List versions on a branch whose numbers hold a text, the newest first.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    return _paged(connection, _on_branch(), part, page, branch_id)


def like(part: str) -> str:
    """Give the pattern of texts that hold a text, for LIKE with a backslash as its escape."""
    escaped = part.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _paged(connection: Connection, statements: Counted, part: str, page: Page, owner: int | None) -> tuple[list[Any], int]:
    found, count = statements
    values: dict[str, Any] = {"part": like(part)} | ({} if owner is None else {"owner": owner})
    total = int(count.scalar(connection, **values))
    return found.all(connection, **values, most=page.size, skipped=page.offset), total


@cache
def _branches(*, is_of_one: bool) -> Counted:
    changed = func.coalesce(branches.c.updated_at, branches.c.created_at)
    columns = (
        pacticipants.c.name.label("pacticipant"),
        branches.c.name.label("branch"),
        changed.label("changed_at"),
        versions.c.id.label("version_id"),
        versions.c.number,
        versions.c.created_at,
    )
    query = (
        select(*columns)
        .select_from(branches)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .outerjoin(branch_heads, branch_heads.c.branch_id == branches.c.id)
        .outerjoin(versions, versions.c.id == branch_heads.c.version_id)
        .where(func.lower(branches.c.name).like(bindparam("part"), escape="\\"))
    )
    if is_of_one:
        query = query.where(branches.c.pacticipant_id == bindparam("owner"))
    return _counted(query, Head, changed.desc(), branches.c.id.desc())


@cache
def _versions(*, is_of_one: bool) -> Counted:
    query = all_versions().where(func.lower(versions.c.number).like(bindparam("part"), escape="\\"))
    if is_of_one:
        query = query.where(versions.c.pacticipant_id == bindparam("owner"))
    return _counted(query, Version, versions.c.id.desc())


@cache
def _on_branch() -> Counted:
    here = (branch_versions.c.branch_id == bindparam("owner"), branch_versions.c.version_id == versions.c.id)
    query = all_versions().join(branch_versions, and_(*here))
    query = query.where(func.lower(versions.c.number).like(bindparam("part"), escape="\\"))
    return _counted(query, Version, branch_versions.c.version_id.desc())


def _counted(query: Select[Any], record: type[Any], *order: Any) -> Counted:
    paged = query.order_by(*order).limit(bindparam("most")).offset(bindparam("skipped"))
    return Prepared(paged, record), Prepared(select(func.count()).select_from(query.subquery()))
