"""What runs where now: deployments that are current and releases that are supported, of a pacticipant or in an environment."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, func, literal, null, select, union_all

from saga_broker.rows import Page
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import deployed_versions, pacticipants, released_versions, versions

DEPLOYED, RELEASED = "deployed", "released"


@dataclass(frozen=True, slots=True)
class Live:
    """A version that is in an environment now.

    Attributes:
        instance: The application instance; None when it has one only.
        kind: `deployed` or `released`.
        since: When that was recorded.
    """

    pacticipant_id: int
    pacticipant: str
    version_id: int
    number: str
    environment_id: int
    instance: str | None
    kind: str
    since: datetime


def of_pacticipants(connection: Connection, pacticipant_ids: list[int]) -> list[Live]:
    """Give what is live of several pacticipants, the newest version first."""
    return _of_pacticipants().all(connection, ids=pacticipant_ids)


def live_pacticipants(
    connection: Connection, page: Page, part: str = "", environment_id: int | None = None
) -> tuple[list[tuple[int, str]], int]:
    """List the pacticipants of which something is live, by name.

    Args:
        connection: The database.
        page: Which part of the list.
        part: Only names that hold this text.
        environment_id: Only what is live there.

    Returns:
        Id and name of those of the page, and how many there are on all pages.
    """
    found = _named(environment_id, part)
    total = int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())
    rows = connection.execute(found.order_by(func.lower(pacticipants.c.name)).limit(page.size).offset(page.offset))
    return [(row.id, row.name) for row in rows], total


def counts(connection: Connection) -> dict[int, int]:
    """Tell of how many pacticipants something is live, by environment id."""
    return dict(_counts().all(connection))


def _named(environment_id: int | None, part: str) -> Select[Any]:
    live = union_all(*(_bare(table, environment_id) for table in (deployed_versions, released_versions))).subquery()
    query = select(pacticipants.c.id, pacticipants.c.name).where(pacticipants.c.id.in_(select(live.c.pacticipant_id)))
    if part:
        query = query.where(func.lower(pacticipants.c.name).contains(part.lower(), autoescape=True))
    return query


def _bare(table: Any, environment_id: int | None) -> Select[Any]:
    query = select(table.c.pacticipant_id, table.c.environment_id).where(_ended(table).is_(None))
    return query if environment_id is None else query.where(table.c.environment_id == environment_id)


def _ended(table: Any) -> Any:
    return table.c.undeployed_at if table is deployed_versions else table.c.support_ended_at


@cache
def _counts() -> Prepared[tuple[Any, ...]]:
    live = union_all(*(_bare(table, None) for table in (deployed_versions, released_versions))).subquery()
    counted = func.count(live.c.pacticipant_id.distinct())
    return Prepared(select(live.c.environment_id, counted).group_by(live.c.environment_id))


@cache
def _of_pacticipants() -> Prepared[Live]:
    found = union_all(_live(deployed_versions, DEPLOYED), _live(released_versions, RELEASED)).subquery()
    return Prepared(select(found).order_by(found.c.version_id.desc()), Live)


def _live(table: Any, kind: str) -> Select[Any]:
    instance = table.c.instance if table is deployed_versions else null()
    return (
        select(
            table.c.pacticipant_id,
            pacticipants.c.name.label("pacticipant"),
            table.c.version_id,
            versions.c.number,
            table.c.environment_id,
            instance.label("instance"),
            literal(kind).label("kind"),
            table.c.created_at.label("since"),
        )
        .join(versions, versions.c.id == table.c.version_id)
        .join(pacticipants, pacticipants.c.id == table.c.pacticipant_id)
        .where(_ended(table).is_(None), among(table.c.pacticipant_id, "ids"))
    )
