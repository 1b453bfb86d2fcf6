"""The pacts of a consumer and a provider, a page at a time: all, or the newest of each branch, tag or environment."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from saga_broker.rows import Page, Publication
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    branch_versions,
    branches,
    deployed_versions,
    publications,
    released_versions,
    tags,
    versions,
)
from saga_broker.store.pacts import publication_query
from saga_broker.store.questions.found import like

ALL, BRANCH, TAG, ENVIRONMENT = "all", "branch", "tag", "environment"
VIEWS = (BRANCH, TAG, ENVIRONMENT, ALL)


def pacts(
    connection: Connection, consumer_id: int, provider_id: int, view: str, page: Page, part: str = ""
) -> tuple[list[Publication], int]:
    """List pacts of a pair, the newest consumer version first.

    Args:
        connection: The database.
        consumer_id: The consumer.
        provider_id: The provider.
        view: `branch`, `tag`: only the newest of each; `environment`: only those in an environment now; `all`.
        page: Which part of the list.
        part: Only versions whose number holds this text.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    ids, count = _statements(view)
    values = {"consumer": consumer_id, "provider": provider_id, "part": like(part)}
    chosen = ids.scalars(connection, **values, most=page.size, skipped=page.offset)
    found = {one.version_id: one for one in _PUBLICATIONS.all(connection, ids=chosen, provider=provider_id)}
    return [found[one] for one in chosen], int(count.scalar(connection, **values))


def views_with_pacts(connection: Connection, consumer_id: int, provider_id: int) -> list[str]:
    """Tell which views of a pair are not empty."""
    values = {"consumer": consumer_id, "provider": provider_id, "part": "%", "most": 1, "skipped": 0}
    return [view for view in VIEWS if _statements(view)[0].scalar(connection, **values) is not None]


@cache
def _statements(view: str) -> tuple[Prepared[tuple[Any, ...]], Prepared[tuple[Any, ...]]]:
    query = _versions(view).subquery()
    newest_first = select(query.c.version_id).order_by(query.c.version_id.desc())
    paged = newest_first.limit(bindparam("most")).offset(bindparam("skipped"))
    return Prepared(paged), Prepared(select(func.count()).select_from(query))


def _versions(view: str) -> Select[Any]:
    """Select the consumer versions of a view."""
    column = publications.c.consumer_version_id
    query = (
        select(column.label("version_id"))
        .join(versions, versions.c.id == column)
        .where(publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
        .where(publications.c.is_latest, func.lower(versions.c.number).like(bindparam("part"), escape="\\"))
    )
    if view == BRANCH:
        on = query.join(branch_versions, branch_versions.c.version_id == column)
        on = on.join(branches, branches.c.id == branch_versions.c.branch_id)
        return _newest_by(on, branches.c.id)
    if view == TAG:
        return _newest_by(query.join(tags, tags.c.version_id == column), tags.c.name)
    if view == ENVIRONMENT:
        return query.where(
            or_(
                column.in_(_of_consumer(deployed_versions).where(deployed_versions.c.undeployed_at.is_(None))),
                column.in_(_of_consumer(released_versions).where(released_versions.c.support_ended_at.is_(None))),
            )
        )
    return query


def _newest_by(query: Select[Any], key: Any) -> Select[Any]:
    newest = query.with_only_columns(func.max(publications.c.consumer_version_id).label("version_id")).group_by(key)
    return select(newest.subquery().c.version_id).distinct()


def _of_consumer(table: Any) -> Select[Any]:
    return select(table.c.version_id).where(table.c.pacticipant_id == bindparam("consumer"))


_PUBLICATIONS = Prepared(
    publication_query().where(
        publications.c.is_latest,
        publications.c.provider_id == bindparam("provider"),
        among(publications.c.consumer_version_id, "ids"),
    ),
    Publication,
)
