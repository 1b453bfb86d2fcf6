"""Pact contents and their publications. A content is stored once per consumer, provider and sha."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from saga_broker.rows import Publication, Version
from saga_broker.store.query import add, fetch, first
from saga_broker.store.schema import (
    branch_heads,
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
from saga_broker.store.types import now

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
    query = publication_query().where(*_conditions(which))
    if not with_revisions:
        query = query.where(publications.c.is_latest)
    order = (publications.c.consumer_version_id.desc(), publications.c.revision.desc())
    return fetch(connection, query.order_by(*order, func.lower(consumers.c.name), func.lower(providers.c.name)), Publication)


def of_versions(connection: Connection, version_ids: list[int]) -> list[Publication]:
    """Give the pacts of several consumer versions, by provider."""
    query = publication_query().where(publications.c.is_latest, publications.c.consumer_version_id.in_(version_ids))
    return fetch(connection, query.order_by(func.lower(providers.c.name), publications.c.id), Publication)


def newest(connection: Connection, which: Which) -> Publication | None:
    """Find the publication of the newest consumer version."""
    query = publication_query().where(publications.c.is_latest, *_conditions(which))
    return first(connection, query.order_by(publications.c.consumer_version_id.desc()), Publication)


def newest_of_each_pair(connection: Connection, which: Which) -> list[Publication]:
    """Give the publication of the newest consumer version for each consumer and provider, by their names."""
    joined = select(func.max(publications.c.consumer_version_id)).select_from(_joined())
    keys = (publications.c.consumer_id, publications.c.provider_id)
    top = joined.add_columns(*keys).where(publications.c.is_latest, *_conditions(which)).group_by(*keys).subquery()
    same = and_(
        publications.c.consumer_version_id == top.c[0],
        publications.c.consumer_id == top.c.consumer_id,
        publications.c.provider_id == top.c.provider_id,
    )
    query = publication_query().join(top, same).where(publications.c.is_latest)
    return fetch(connection, query.order_by(func.lower(consumers.c.name), func.lower(providers.c.name)), Publication)


def on_branch_heads(connection: Connection, provider: str, branch: str | None, *, main: bool = False) -> list[Publication]:
    """Give the pacts of the versions that are heads of a branch, or of each consumer's main branch."""
    name = branches.c.name == (consumers.c.main_branch if main else branch)
    head = select(branch_heads.c.version_id).join(branches, branches.c.id == branch_heads.c.branch_id).where(name)
    head = head.where(branches.c.pacticipant_id == consumers.c.id).correlate(consumers)
    query = publication_query().where(publications.c.is_latest, providers.c.name == provider)
    query = query.where(publications.c.consumer_version_id.in_(head))
    return fetch(connection, query.order_by(func.lower(consumers.c.name)), Publication)


def content(connection: Connection, content_id: int) -> bytes:
    """Give the bytes of a content as they were sent."""
    return bytes(connection.execute(select(contents.c.bytes).where(contents.c.id == content_id)).scalar_one())


def store(connection: Connection, version: Version, provider_id: int, sha: str, raw: bytes) -> tuple[Publication, str]:
    """Publish a pact under a consumer version.

    Returns:
        The publication, and `created`, `changed` (a new revision) or `same`.
    """
    existing = _of_version(connection, version.id, provider_id)
    if existing is not None and existing.sha == sha:
        return existing, "same"
    content_id = _store_content(connection, version.pacticipant_id, provider_id, sha, raw)
    if existing is not None:
        connection.execute(update(publications).where(publications.c.id == existing.id).values(is_latest=False))
    add(
        connection,
        publications,
        consumer_id=version.pacticipant_id,
        consumer_version_id=version.id,
        provider_id=provider_id,
        revision=1 if existing is None else existing.revision + 1,
        content_id=content_id,
        is_latest=True,
        created_at=now(),
    )
    new = _of_version(connection, version.id, provider_id)
    assert new is not None  # noqa: S101  (added just now)
    return new, "created" if existing is None else "changed"


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
    connection.execute(delete(contents).where(contents.c.id.not_in(select(publications.c.content_id))))


def touch_integrations(connection: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Remember that consumers and providers have a pact, and that its data changed just now."""
    moment = now()
    for consumer_id, provider_id in pairs:
        same = and_(integrations.c.consumer_id == consumer_id, integrations.c.provider_id == provider_id)
        changed = connection.execute(update(integrations).where(same).values(contract_data_updated_at=moment))
        if changed.rowcount == 0:
            pair = {"consumer_id": consumer_id, "provider_id": provider_id}
            connection.execute(integrations.insert().values(**pair, created_at=moment, contract_data_updated_at=moment))


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
    same = (publications.c.consumer_version_id == version_id, publications.c.provider_id == provider_id)
    return first(connection, publication_query().where(publications.c.is_latest, *same), Publication)


def _store_content(connection: Connection, consumer_id: int, provider_id: int, sha: str, raw: bytes) -> int:
    same = (contents.c.consumer_id == consumer_id, contents.c.provider_id == provider_id, contents.c.sha == sha)
    existing = connection.execute(select(contents.c.id).where(*same)).scalar()
    if existing is not None:
        return int(existing)
    values = {"consumer_id": consumer_id, "provider_id": provider_id, "sha": sha, "bytes": raw, "created_at": now()}
    return add(connection, contents, **values)


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    version_id = publications.c.consumer_version_id
    equal = (
        (consumers.c.name, which.consumer),
        (providers.c.name, which.provider),
        (versions.c.number, which.number),
        (contents.c.sha, which.sha),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
    if which.before is not None:
        found.append(version_id < which.before)
    if which.tag is not None:
        found.append(version_id.in_(select(tags.c.version_id).where(tags.c.name == which.tag)))
    if which.untagged:
        found.append(version_id.not_in(select(tags.c.version_id)))
    if which.branch is not None or which.main_branch:
        found.append(version_id.in_(_on_branch(which.branch)))
    if which.environment_id is not None:
        found.append(_live_in(which.environment_id))
    return found


def _on_branch(branch: str | None) -> Any:
    on_branch = select(branch_versions.c.version_id).join(branches, branches.c.id == branch_versions.c.branch_id)
    name = consumers.c.main_branch if branch is None else branch
    same = (branches.c.name == name, branches.c.pacticipant_id == consumers.c.id)
    return on_branch.where(*same).correlate(consumers)


def _live_in(environment_id: int) -> ColumnElement[bool]:
    deployed, released = deployed_versions.c, released_versions.c
    now_deployed = select(deployed.version_id).where(deployed.environment_id == environment_id, deployed.undeployed_at.is_(None))
    now_released = select(released.version_id).where(
        released.environment_id == environment_id,
        released.support_ended_at.is_(None),
    )
    version_id = publications.c.consumer_version_id
    return or_(version_id.in_(now_deployed), version_id.in_(now_released))
