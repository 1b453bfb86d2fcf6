"""Finds what the matrix is judged by: the versions that selectors mean, the integrations, and the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, true

from saga_broker.gate.model import Found, Pair, Question, Resolved, Row, Selector
from saga_broker.store.query import fetch
from saga_broker.store.schema import (
    branch_heads,
    branch_versions,
    branches,
    contents,
    deployed_versions,
    environments,
    integrations,
    pacticipants,
    publications,
    released_versions,
    tags,
    verifications,
    versions,
)

DEFAULT_LIMIT = 100
consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
consumer_versions, provider_versions = versions.alias("consumer_versions"), versions.alias("provider_versions")


def answer(connection: Connection, question: Question) -> Found:
    """Find everything that a question needs."""
    ignored = resolve(connection, question.ignored, given=True)
    given = resolve(connection, question.selectors, given=True)
    pairs = _pairs(connection, question, given)
    resolved = list(given)
    if question.target.infers:
        resolved += resolve(connection, _inferred(question, pairs), given=False)
    rows = _rows(connection, question, resolved)
    return Found(tuple(resolved), tuple(ignored), tuple(pairs), tuple(rows))


def resolve(connection: Connection, selectors: Iterable[Selector], *, given: bool) -> list[Resolved]:
    """Find the versions that selectors mean, the newest first; one entry without a version when there is none."""
    found: list[Resolved] = []
    for selector in selectors:
        query = select(pacticipants.c.id, pacticipants.c.main_branch).where(pacticipants.c.name == selector.pacticipant)
        owner = connection.execute(query).first()
        if owner is None:
            found.append(Resolved(selector, None, given=given, missing=True))
            continue
        if selector.main_branch and owner.main_branch is not None:
            named = replace(selector, branch=owner.main_branch, main_branch=False)
        else:
            named = selector
        found += _versions_of(connection, selector, named, owner.id, given=given)
    return found


def _versions_of(connection: Connection, asked: Selector, selector: Selector, owner_id: int, *, given: bool) -> list[Resolved]:
    """Find the versions; `selector` is what was asked with the main branch named, which is told when a version is found."""
    if selector.is_plain:
        return [Resolved(selector, owner_id, given=given)]
    query = select(versions.c.id, versions.c.number).where(versions.c.pacticipant_id == owner_id, *_narrowed(selector, owner_id))
    query = query.order_by(versions.c.id.desc())
    rows = connection.execute(query.limit(1) if selector.latest else query).all()
    if not rows:
        return [Resolved(asked, owner_id, number=asked.version, given=given, missing=True)]
    many = len(rows) > 1
    return [Resolved(selector, owner_id, row.id, row.number, given=given, one_of_many=many) for row in rows]


def _narrowed(selector: Selector, owner_id: int) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if selector.version:
        found.append(versions.c.number == selector.version)
    elif selector.tag:
        found.append(versions.c.id.in_(select(tags.c.version_id).where(tags.c.name == selector.tag)))
    if selector.main_branch:  # a main branch that is not known: no version is on it
        found.append(false())
    if selector.branch:
        table = branch_heads if selector.latest else branch_versions
        on_branch = select(table.c.version_id).join(branches, branches.c.id == table.c.branch_id)
        found.append(
            versions.c.id.in_(on_branch.where(branches.c.pacticipant_id == owner_id, branches.c.name == selector.branch))
        )
    if selector.environment:
        found.append(_live_in(selector.environment))
    return found


def _live_in(environment: str) -> ColumnElement[bool]:
    place = select(environments.c.id).where(environments.c.name == environment).scalar_subquery()
    deployed, released = deployed_versions.c, released_versions.c
    now_deployed = select(deployed.version_id).where(deployed.environment_id == place, deployed.undeployed_at.is_(None))
    now_released = select(released.version_id).where(released.environment_id == place, released.support_ended_at.is_(None))
    return or_(versions.c.id.in_(now_deployed), versions.c.id.in_(now_released))


def _inferred(question: Question, pairs: Sequence[Pair]) -> list[Selector]:
    given = {selector.pacticipant for selector in question.selectors}
    names = dict.fromkeys(name for pair in pairs for name in (pair.consumer, pair.provider) if name not in given)
    target = question.target
    return [
        Selector(name, latest=target.latest, tag=target.tag, environment=target.environment, main_branch=target.main_branch)
        for name in names
    ]


def _pairs(connection: Connection, question: Question, given: Sequence[Resolved]) -> list[Pair]:
    """Find the integrations: all of the given versions, or those between the given pacticipants."""
    if question.target.infers or len(question.selectors) == 1:
        found = [*_as_consumer(connection, given), *_as_provider(connection, given)]
    else:
        owners = [one.pacticipant_id for one in given if one.pacticipant_id is not None]
        query = _published_pairs().where(publications.c.consumer_id.in_(owners), publications.c.provider_id.in_(owners))
        found = _read_pairs(connection, query.where(_consumer_is(given)), required=True)
        order = {owner: place for place, owner in reversed(list(enumerate(owners)))}
        found.sort(key=lambda pair: (order[pair.consumer_id], order[pair.provider_id]))
    unique: dict[tuple[int, int], Pair] = {}
    for pair in found:
        unique.setdefault((pair.consumer_id, pair.provider_id), pair)
    return list(unique.values())


def _as_consumer(connection: Connection, given: Sequence[Resolved]) -> list[Pair]:
    return _read_pairs(connection, _published_pairs().where(_consumer_is(given)), required=True)


def _as_provider(connection: Connection, given: Sequence[Resolved]) -> list[Pair]:
    owners = [one.pacticipant_id for one in given if one.pacticipant_id is not None]
    query = (
        select(integrations.c.consumer_id, consumers.c.name, integrations.c.provider_id, providers.c.name)
        .join(consumers, consumers.c.id == integrations.c.consumer_id)
        .join(providers, providers.c.id == integrations.c.provider_id)
        .where(integrations.c.provider_id.in_(owners))
        .order_by(integrations.c.id)
    )
    return _read_pairs(connection, query, required=False)


def _published_pairs() -> Select[Any]:
    columns = (publications.c.consumer_id, consumers.c.name, publications.c.provider_id, providers.c.name)
    return (
        select(*columns)
        .join(consumers, consumers.c.id == publications.c.consumer_id)
        .join(providers, providers.c.id == publications.c.provider_id)
        .where(publications.c.is_latest)
        .group_by(*columns)
        .order_by(func.min(publications.c.id))
    )


def _read_pairs(connection: Connection, query: Select[Any], *, required: bool) -> list[Pair]:
    return [
        Pair(consumer_id, consumer, provider_id, provider, required)
        for consumer_id, consumer, provider_id, provider in connection.execute(query)
    ]


def _rows(connection: Connection, question: Question, resolved: Sequence[Resolved]) -> list[Row]:
    limit = question.limit or (None if question.latestby else DEFAULT_LIMIT)
    if len(question.selectors) == 1 and not question.target.infers:
        as_consumer = fetch(connection, _query(question, limit, _consumer_is(resolved), true()), Row)
        as_provider = fetch(connection, _query(question, limit, true(), true(), verified=_provider_is(resolved)), Row)
        every = {(row.consumer_version_id, row.provider_id, row.revision, row.verification_id): row for row in as_consumer}
        for row in as_provider:
            every.setdefault((row.consumer_version_id, row.provider_id, row.revision, row.verification_id), row)
        rows = list(every.values())
    else:
        owners = [one.pacticipant_id for one in resolved if one.pacticipant_id is not None]
        given = [one.pacticipant_id for one in resolved if one.given]
        among = and_(
            _consumer_is(resolved),
            publications.c.provider_id.in_(owners),
            or_(publications.c.consumer_id.in_(given), publications.c.provider_id.in_(given)),
        )
        rows = fetch(connection, _query(question, limit, among, _provider_is(resolved)), Row)
    rows.sort(key=lambda row: (row.last_action_at, row.verification_id or 0), reverse=True)
    return rows if limit is None else rows[:limit]


def _query(
    question: Question,
    limit: int | None,
    among: ColumnElement[bool],
    joined: ColumnElement[bool],
    *,
    verified: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """Select pacts with results.

    Args:
        question: With `latestby`, only latest revisions and last results.
        limit: At most this many publications and rows.
        among: Which publications.
        joined: Which results are joined to them; a pact without one keeps a row.
        verified: Only results like this, without rows for pacts that have none.
    """
    wanted = [among]
    on = [verifications.c.content_id == publications.c.content_id, joined if verified is None else verified]
    if question.latestby is not None:
        wanted.append(publications.c.is_latest)
        on.append(_is_last_result())
    query = _columns().select_from(_joined(and_(*on), outer=verified is None)).where(*wanted)
    if limit is not None:
        newest = select(publications.c.id).where(*wanted).order_by(publications.c.created_at.desc(), publications.c.id.desc())
        query = query.where(publications.c.id.in_(select(newest.limit(limit).subquery().c.id)))
    return query


def _joined(on: ColumnElement[bool], *, outer: bool) -> Any:
    pacts = (
        publications.join(consumers, consumers.c.id == publications.c.consumer_id)
        .join(providers, providers.c.id == publications.c.provider_id)
        .join(consumer_versions, consumer_versions.c.id == publications.c.consumer_version_id)
        .join(contents, contents.c.id == publications.c.content_id)
    )
    with_results = pacts.join(verifications, on, isouter=outer)
    return with_results.outerjoin(provider_versions, provider_versions.c.id == verifications.c.provider_version_id)


def _columns() -> Select[Any]:
    return select(
        publications.c.consumer_id,
        consumers.c.name.label("consumer"),
        publications.c.consumer_version_id,
        consumer_versions.c.number.label("consumer_version"),
        publications.c.provider_id,
        providers.c.name.label("provider"),
        verifications.c.provider_version_id,
        provider_versions.c.number.label("provider_version"),
        contents.c.sha,
        publications.c.revision,
        publications.c.created_at.label("published_at"),
        verifications.c.id.label("verification_id"),
        verifications.c.success,
        verifications.c.created_at.label("verified_at"),
    )


def _is_last_result() -> ColumnElement[bool]:
    later = verifications.alias("later")
    same = (
        later.c.content_id == verifications.c.content_id,
        later.c.provider_version_id == verifications.c.provider_version_id,
        later.c.id > verifications.c.id,
    )
    return ~select(later.c.id).where(*same).correlate(verifications).exists()


def _consumer_is(resolved: Sequence[Resolved]) -> ColumnElement[bool]:
    return _one_of(resolved, publications.c.consumer_id, publications.c.consumer_version_id)


def _provider_is(resolved: Sequence[Resolved]) -> ColumnElement[bool]:
    return _one_of(resolved, verifications.c.provider_id, verifications.c.provider_version_id)


def _one_of(resolved: Sequence[Resolved], owner: Any, version: Any) -> ColumnElement[bool]:
    whole = [one.pacticipant_id for one in resolved if one.version_id is None and not one.missing]
    single = [one.version_id for one in resolved if one.version_id is not None]
    return or_(owner.in_(whole), version.in_(single))
