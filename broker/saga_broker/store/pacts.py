"""Pact contents and their publications. A content is stored once per consumer, provider and sha."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, or_, select, update

from saga_broker.rows import Pacticipant, Publication, Version
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add, change
from saga_broker.store.database.schema import (
    branch_versions,
    branches,
    contents,
    deployed_versions,
    integrations,
    pacticipants,
    publications,
    released_versions,
    tags,
    versions,
)
from saga_broker.store.database.types import UtcDateTime, now

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


@dataclass(frozen=True, slots=True)
class Which:
    """Which publications are meant. Fields that are None do not narrow.

    Attributes:
        consumer: The consumer's name.
        provider: The provider's name.
        number: The consumer version's number.
        sha: The content.
        tag: The consumer version has this tag.
        branch: The consumer version is on this branch.
        main_branch: The consumer version is on its pacticipant's main branch.
        untagged: The consumer version has no tag.
        before: The consumer version is older than this one (version id).
        environment: The consumer version is deployed or released there now (name).
    """

    consumer: str | None = None
    provider: str | None = None
    number: str | None = None
    sha: str | None = None
    tag: str | None = None
    branch: str | None = None
    main_branch: bool = False
    untagged: bool = False
    before: int | None = None
    environment_id: int | None = None


def listing(connection: Connection, which: Which, *, with_revisions: bool = False) -> list[Publication]:
    """List publications, the newest consumer version first."""
    return _listing(_shape(which), with_revisions=with_revisions).all(connection, **_values(which))


def of_versions(connection: Connection, version_ids: list[int]) -> list[Publication]:
    """Give the pacts of several consumer versions, by provider."""
    return _OF_VERSIONS.all(connection, ids=version_ids)


def newest(connection: Connection, which: Which) -> Publication | None:
    """Find the publication of the newest consumer version."""
    return _newest(_shape(which)).first(connection, **_values(which))


def newest_of_each_pair(connection: Connection, which: Which) -> list[Publication]:
    """Give the publication of the newest consumer version for each consumer and provider, by their names.

    Number and sha do not narrow here.
    """
    return _newest_of_each_pair(_shape(which)).all(connection, **_values(which))


def content(connection: Connection, content_id: int) -> bytes:
    """Give the bytes of a content as they were sent."""
    return bytes(_CONTENT.scalar(connection, id=content_id))


def store(connection: Connection, version: Version, provider: Pacticipant, sha: str, raw: bytes) -> tuple[Publication, str]:
    """Publish a pact under a consumer version.

    Returns:
        The publication, and `created`, `changed` (a new revision) or `same`.
    """
    existing = _of_version(connection, version.id, provider.id)
    if existing is not None and existing.sha == sha:
        return existing, "same"
    pair: dict[str, Any] = {"consumer_id": version.pacticipant_id, "provider_id": provider.id}
    content_id = _store_content(connection, sha=sha, raw=raw, **pair)
    if existing is not None:
        change(connection, publications, existing.id, is_latest=False)
    fresh: dict[str, Any] = {"revision": 1 if existing is None else existing.revision + 1, "content_id": content_id}
    fresh["created_at"] = now()
    new = add(connection, publications, consumer_version_id=version.id, is_latest=True, **pair, **fresh)
    names: dict[str, Any] = {"consumer": version.pacticipant, "provider": provider.name, "number": version.number, "sha": sha}
    return Publication(id=new, version_id=version.id, **pair, **fresh, **names), "created" if existing is None else "changed"


def remove(connection: Connection, found: list[Publication]) -> None:
    """Delete all revisions of publications, and contents that no publication has any more."""
    for publication in found:
        same = (
            publications.c.consumer_version_id == publication.version_id,
            publications.c.provider_id == publication.provider_id,
        )
        connection.execute(delete(publications).where(*same))
    remove_orphans(connection)


def remove_orphans(connection: Connection) -> None:
    """Delete contents, with their results, that no publication has any more."""
    is_used = select(publications.c.id).where(publications.c.content_id == contents.c.id).exists()
    connection.execute(delete(contents).where(~is_used))


def touch_integrations(connection: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Remember that consumers and providers have a pact, and that its data changed just now."""
    moment = now()
    for consumer_id, provider_id in pairs:
        if _TOUCH.run(connection, consumer=consumer_id, provider=provider_id, moment=moment) == 0:
            pair = {"consumer_id": consumer_id, "provider_id": provider_id}
            add(connection, integrations, **pair, created_at=moment, contract_data_updated_at=moment)


def publication_query() -> Select[Any]:
    """Select publications with the columns of the record `Publication`."""
    return select(
        publications.c.id,
        publications.c.consumer_id,
        consumers.c.name.label("consumer"),
        publications.c.provider_id,
        providers.c.name.label("provider"),
        publications.c.consumer_version_id.label("version_id"),
        versions.c.number,
        publications.c.revision,
        publications.c.content_id,
        contents.c.sha,
        publications.c.created_at,
    ).select_from(_joined())


def _joined() -> Any:
    return (
        publications.join(consumers, consumers.c.id == publications.c.consumer_id)
        .join(providers, providers.c.id == publications.c.provider_id)
        .join(versions, versions.c.id == publications.c.consumer_version_id)
        .join(contents, contents.c.id == publications.c.content_id)
    )


def _of_version(connection: Connection, version_id: int, provider_id: int) -> Publication | None:
    return _OF_VERSION.first(connection, version_id=version_id, provider_id=provider_id)


def _store_content(connection: Connection, consumer_id: int, provider_id: int, sha: str, raw: bytes) -> int:
    existing = _CONTENT_ID.scalar(connection, consumer_id=consumer_id, provider_id=provider_id, sha=sha)
    if existing is not None:
        return int(existing)
    values = {"consumer_id": consumer_id, "provider_id": provider_id, "sha": sha, "bytes": raw, "created_at": now()}
    return add(connection, contents, **values)


def _shape(which: Which) -> tuple[str, ...]:
    """Name the fields that narrow; statements are prepared once for each such combination."""
    return tuple(one.name for one in fields(which) if getattr(which, one.name) not in {None, False})


def _values(which: Which) -> dict[str, Any]:
    return {name: getattr(which, name) for name in _shape(which) if getattr(which, name) is not True}


@cache
def _listing(shape: tuple[str, ...], *, with_revisions: bool) -> Prepared[Publication]:
    query = publication_query().where(*_about_pair(shape), *_about_version(shape, publications.c.consumer_version_id))
    if not with_revisions:
        query = query.where(publications.c.is_latest)
    order = (publications.c.consumer_version_id.desc(), publications.c.revision.desc())
    return Prepared(query.order_by(*order, func.lower(consumers.c.name), func.lower(providers.c.name)), Publication)


@cache
def _newest(shape: tuple[str, ...]) -> Prepared[Publication]:
    query = publication_query().where(publications.c.is_latest, *_about_pair(shape))
    query = query.where(*_about_version(shape, publications.c.consumer_version_id))
    if "number" in shape:  # at most one for each pair: found by its number, not by going through the newer ones
        return Prepared(query.where(versions.c.pacticipant_id == consumers.c.id), Publication)
    return Prepared(query.order_by(publications.c.consumer_version_id.desc()).limit(1), Publication)


@cache
def _newest_of_each_pair(shape: tuple[str, ...]) -> Prepared[Publication]:
    """Look for the newest version of each integration, instead of reading all publications to find it."""
    one = publications.alias("one")
    newest_version = (
        select(one.c.consumer_version_id)
        .where(one.c.consumer_id == integrations.c.consumer_id, one.c.provider_id == integrations.c.provider_id, one.c.is_latest)
        .where(*_about_version(shape, one.c.consumer_version_id))
        .order_by(one.c.consumer_version_id.desc())
        .limit(1)
        .correlate(integrations, consumers)
        .scalar_subquery()
    )
    pair = and_(
        integrations.c.consumer_id == publications.c.consumer_id, integrations.c.provider_id == publications.c.provider_id
    )
    query = publication_query().join(integrations, pair).where(publications.c.is_latest, *_about_pair(shape))
    query = query.where(publications.c.consumer_version_id == newest_version)
    return Prepared(query.order_by(func.lower(consumers.c.name), func.lower(providers.c.name)), Publication)


def _about_pair(shape: tuple[str, ...]) -> list[ColumnElement[bool]]:
    columns = {"consumer": consumers.c.name, "provider": providers.c.name, "number": versions.c.number, "sha": contents.c.sha}
    return [column == bindparam(name) for name, column in columns.items() if name in shape]


def _about_version(shape: tuple[str, ...], version_id: ColumnElement[int]) -> list[ColumnElement[bool]]:
    has_tag = select(tags.c.id).where(tags.c.version_id == version_id)
    found: list[ColumnElement[bool]] = []
    if "before" in shape:
        found.append(version_id < bindparam("before"))
    if "tag" in shape:
        found.append(has_tag.where(tags.c.name == bindparam("tag")).exists())
    if "untagged" in shape:
        found.append(~has_tag.exists())
    if "branch" in shape or "main_branch" in shape:
        name = bindparam("branch") if "branch" in shape else consumers.c.main_branch
        found.append(_is_on_branch(version_id, name))
    if "environment_id" in shape:
        found.append(or_(*_is_live(version_id)))
    return found


def _is_on_branch(version_id: ColumnElement[int], name: Any) -> ColumnElement[bool]:
    on = select(branch_versions.c.id).join(branches, branches.c.id == branch_versions.c.branch_id)
    same = (branch_versions.c.version_id == version_id, branches.c.name == name)
    return on.where(*same).correlate(publications, consumers, version_id.table).exists()


def _is_live(version_id: ColumnElement[int]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for table, ended in (
        (deployed_versions, deployed_versions.c.undeployed_at),
        (released_versions, released_versions.c.support_ended_at),
    ):
        here = (table.c.environment_id == bindparam("environment_id"), table.c.version_id == version_id)
        found.append(select(table.c.id).where(*here, ended.is_(None)).exists())
    return found


_OF_VERSIONS = Prepared(
    publication_query()
    .where(publications.c.is_latest, among(publications.c.consumer_version_id, "ids"))
    .order_by(func.lower(providers.c.name), publications.c.id),
    Publication,
)
_OF_VERSION = Prepared(
    publication_query().where(
        publications.c.is_latest,
        publications.c.consumer_version_id == bindparam("version_id"),
        publications.c.provider_id == bindparam("provider_id"),
    ),
    Publication,
)
_CONTENT = Prepared(select(contents.c.bytes).where(contents.c.id == bindparam("id")))
_CONTENT_ID = Prepared(
    select(contents.c.id).where(
        contents.c.consumer_id == bindparam("consumer_id"),
        contents.c.provider_id == bindparam("provider_id"),
        contents.c.sha == bindparam("sha"),
    )
)
_TOUCH = Prepared(
    update(integrations)
    .where(integrations.c.consumer_id == bindparam("consumer"), integrations.c.provider_id == bindparam("provider"))
    .values(contract_data_updated_at=bindparam("moment", type_=UtcDateTime))
)
