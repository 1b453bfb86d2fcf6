"""Tags of versions."""

from typing import Any

from sqlalchemy import Connection, Select, delete, exists, select

from saga_broker.rows import Tag
from saga_broker.store.query import add, by_version, fetch
from saga_broker.store.schema import tags, versions
from saga_broker.store.types import now


def of_versions(connection: Connection, version_ids: list[int]) -> dict[int, list[Tag]]:
    """Give the tags of several versions, by name."""
    query = _tags().where(tags.c.version_id.in_(version_ids)).order_by(tags.c.name)
    return by_version(fetch(connection, query, Tag))


def find(connection: Connection, version_id: int, tag: str) -> Tag | None:
    """Find a tag of a version."""
    found = fetch(connection, _tags().where(tags.c.version_id == version_id, tags.c.name == tag), Tag)
    return found[0] if found else None


def put(connection: Connection, version_id: int, tag: str) -> bool:
    """Tag a version.

    Returns:
        Whether the tag is new.
    """
    if find(connection, version_id, tag) is not None:
        return False
    add(connection, tags, version_id=version_id, name=tag, created_at=now())
    return True


def remove(connection: Connection, version_id: int, tag: str) -> None:
    """Take a tag off a version."""
    connection.execute(delete(tags).where(tags.c.version_id == version_id, tags.c.name == tag))


def replace(connection: Connection, version_id: int, names: list[str]) -> None:
    """Give a version exactly these tags."""
    connection.execute(delete(tags).where(tags.c.version_id == version_id, tags.c.name.not_in(names)))
    for name in names:
        put(connection, version_id, name)


def _tags() -> Select[Any]:
    newer, newer_tag = versions.alias("newer"), tags.alias("newer_tag")
    later = (
        exists()
        .where(newer.c.pacticipant_id == versions.c.pacticipant_id, newer.c.id > versions.c.id)
        .where(newer_tag.c.version_id == newer.c.id, newer_tag.c.name == tags.c.name)
    )
    columns = (tags.c.version_id, tags.c.name, (~later).label("latest"), tags.c.created_at, tags.c.updated_at)
    return select(*columns).join(versions, versions.c.id == tags.c.version_id)
