"""Tags of versions."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, insert, select

from saga_broker.rows import Tag
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import by_version
from saga_broker.store.database.schema import tags, versions
from saga_broker.store.database.types import UtcDateTime, now


def of_versions(connection: Connection, version_ids: list[int]) -> dict[int, list[Tag]]:
    """Give the tags of several versions, by name."""
    return by_version(_OF_VERSIONS.all(connection, ids=version_ids))


def find(connection: Connection, version_id: int, tag: str) -> Tag | None:
    """Find a tag of a version."""
    return _ONE.first(connection, version_id=version_id, name=tag)


def put(connection: Connection, version_id: int, tag: str) -> bool:
    """Tag a version.

    Returns:
        Whether the tag is new.
    """
    if find(connection, version_id, tag) is not None:
        return False
    _PUT.run(connection, version=version_id, tag=tag, moment=now())
    return True


def remove(connection: Connection, version_id: int, tag: str) -> None:
    """Take a tag off a version."""
    connection.execute(delete(tags).where(tags.c.version_id == version_id, tags.c.name == tag))


def replace(connection: Connection, version_id: int, names: list[str]) -> None:
    """Give a version exactly these tags."""
    connection.execute(delete(tags).where(tags.c.version_id == version_id, tags.c.name.not_in(names)))
    for name in names:
        put(connection, version_id, name)


def is_newest_with_tag() -> ColumnElement[bool]:
    """Tell whether no newer version of the pacticipant has the tag of a row of `tags`."""
    newer = tags.alias("newer_tag")
    same = (newer.c.pacticipant_id == tags.c.pacticipant_id, newer.c.name == tags.c.name)
    return ~select(newer.c.id).where(*same, newer.c.version_id > tags.c.version_id).correlate(tags).exists()


def _tags() -> Select[Any]:
    columns = (tags.c.version_id, tags.c.name, is_newest_with_tag().label("latest"), tags.c.created_at, tags.c.updated_at)
    return select(*columns)


_OF_VERSIONS = Prepared(_tags().where(among(tags.c.version_id, "ids")).order_by(tags.c.name), Tag)
_ONE = Prepared(_tags().where(tags.c.version_id == bindparam("version_id"), tags.c.name == bindparam("name")), Tag)
_OWNER = select(versions.c.pacticipant_id).where(versions.c.id == bindparam("version")).scalar_subquery()
_PUT = Prepared(
    insert(tags).values(
        version_id=bindparam("version"),
        pacticipant_id=_OWNER,
        name=bindparam("tag"),
        created_at=bindparam("moment", type_=UtcDateTime),
    )
)
