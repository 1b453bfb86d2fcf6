"""Results without what each interaction told, which can be large: of contents, of versions, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from saga_broker.rows import Page
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import contents, pacticipants, verifications, versions

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


@dataclass(frozen=True, slots=True)
class Result:
    """How a verification ended.

    Attributes:
        id: Its number.
        number: The provider version's.
        pending: The pact was pending; None when that is not known.
    """

    id: int
    consumer: str
    provider: str
    sha: str
    content_id: int
    version_id: int
    number: str
    success: bool
    pending: bool | None
    wip: bool
    build_url: str | None
    created_at: datetime


def last_of_contents(connection: Connection, content_ids: list[int]) -> dict[int, Result]:
    """Give the last result of each content, by content id; contents without one are missing."""
    return {one.content_id: one for one in _LAST.all(connection, ids=list(set(content_ids)))}


def of_content(connection: Connection, content_id: int, page: Page) -> tuple[list[Result], int]:
    """List the results of a content, the newest first.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    return _paged(connection, "content", content_id, page)


def of_provider_version(connection: Connection, version_id: int, page: Page) -> tuple[list[Result], int]:
    """List the results that a provider version published, the newest first."""
    return _paged(connection, "version", version_id, page)


def of_provider(connection: Connection, provider_id: int, page: Page) -> tuple[list[Result], int]:
    """List the results that a provider published, the newest first."""
    return _paged(connection, "provider", provider_id, page)


def _paged(connection: Connection, owner: str, own: int, page: Page) -> tuple[list[Result], int]:
    found, count = _statements(owner)
    total = int(count.scalar(connection, own=own))
    return found.all(connection, own=own, most=page.size, skipped=page.offset), total


@cache
def _statements(owner: str) -> tuple[Prepared[Result], Prepared[tuple[Any, ...]]]:
    columns: dict[str, ColumnElement[int]] = {
        "content": verifications.c.content_id,
        "version": verifications.c.provider_version_id,
        "provider": verifications.c.provider_id,
    }
    same = columns[owner] == bindparam("own")
    ids = select(verifications.c.id).where(same).order_by(verifications.c.id.desc())
    chosen = ids.limit(bindparam("most")).offset(bindparam("skipped"))
    found = _results().where(verifications.c.id.in_(chosen.subquery().select())).order_by(verifications.c.id.desc())
    return Prepared(found, Result), Prepared(select(func.count()).select_from(verifications).where(same))


def _results() -> Select[Any]:
    table = verifications.c
    columns = (
        table.id,
        consumers.c.name.label("consumer"),
        providers.c.name.label("provider"),
        contents.c.sha,
        table.content_id,
        table.provider_version_id,
        versions.c.number,
        table.success,
        table.pact_pending,
        table.wip,
        table.build_url,
        table.created_at,
    )
    return (
        select(*columns)
        .select_from(verifications)
        .join(consumers, consumers.c.id == table.consumer_id)
        .join(providers, providers.c.id == table.provider_id)
        .join(contents, contents.c.id == table.content_id)
        .join(versions, versions.c.id == table.provider_version_id)
    )


_NEWEST = (
    select(func.max(verifications.c.id)).where(among(verifications.c.content_id, "ids")).group_by(verifications.c.content_id)
)
_LAST = Prepared(_results().where(verifications.c.id.in_(_NEWEST)), Result)
