"""Finds what the matrix is judged by: the versions that selectors mean, the integrations, and the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, false, func, select, union

from saga_broker.gate.model import Found, Pair, Question, Resolved, Selector
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    deployed_versions,
    environments,
    integrations,
    pacticipants,
    publications,
    released_versions,
    tags,
    versions,
)
from saga_broker.store.questions import matrix_rows

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


def answer(connection: Connection, question: Question) -> Found:
    """Find everything that a question needs."""
    ignored = resolve(connection, question.ignored, given=True)
    given = resolve(connection, question.selectors, given=True)
    pairs = _pairs(connection, question, given)
    resolved = list(given)
    if question.target.infers:
        resolved += _inferred(connection, question, pairs)
    rows = matrix_rows.find(connection, question, resolved, pairs)
    return Found(tuple(resolved), tuple(ignored), tuple(pairs), tuple(rows))


def resolve(connection: Connection, selectors: Iterable[Selector], *, given: bool) -> list[Resolved]:
    """Find the versions that selectors mean, the newest first; one entry without a version when there is none."""
    found: list[Resolved] = []
    for selector in selectors:
        if selector == Selector(selector.pacticipant, version=selector.version) and selector.version:
            found.append(_of_number(connection, selector, given=given))
            continue
        owner = _OWNER.first(connection, name=selector.pacticipant)
        if owner is None:
            found.append(Resolved(selector, None, given=given, missing=True))
            continue
        owner_id, main_branch = owner
        if selector.main_branch and main_branch is not None:
            named = replace(selector, branch=main_branch, main_branch=False)
        else:
            named = selector
        found += _versions_of(connection, selector, named, owner_id, given=given)
    return found


def _of_number(connection: Connection, selector: Selector, *, given: bool) -> Resolved:
    """Find the version with a number: what is asked most, in one question."""
    row = _NUMBERED.first(connection, name=selector.pacticipant, version=selector.version)
    if row is None:
        return Resolved(selector, None, given=given, missing=True)
    owner_id, version_id = row
    if version_id is None:
        return Resolved(selector, owner_id, number=selector.version, given=given, missing=True)
    return Resolved(selector, owner_id, version_id, selector.version, given=given)


def _versions_of(connection: Connection, asked: Selector, selector: Selector, owner_id: int, *, given: bool) -> list[Resolved]:
    """Find the versions; `selector` is what was asked with the main branch named, which is told when a version is found."""
    if selector.is_plain:
        return [Resolved(selector, owner_id, given=given)]
    names = ("version", "tag", "branch", "environment", "main_branch", "latest")
    shape = tuple(name for name in names if getattr(selector, name))
    values = {name: getattr(selector, name) for name in shape if getattr(selector, name) is not True}
    rows = _meant(shape).all(connection, owner=owner_id, **values)
    return _resolved(asked, selector, owner_id, rows, given=given)


def _resolved(
    asked: Selector, selector: Selector, owner_id: int, rows: Sequence[tuple[Any, ...]], *, given: bool
) -> list[Resolved]:
    if not rows:
        return [Resolved(asked, owner_id, number=asked.version, given=given, missing=True)]
    many = len(rows) > 1
    return [Resolved(selector, owner_id, key, number, given=given, one_of_many=many) for key, number in rows]


def _inferred(connection: Connection, question: Question, pairs: Sequence[Pair]) -> list[Resolved]:
    """Find the versions of all other pacticipants of the integrations by the target."""
    given = {selector.pacticipant for selector in question.selectors}
    sides = [side for pair in pairs for side in ((pair.consumer, pair.consumer_id), (pair.provider, pair.provider_id))]
    others = {name: owner for name, owner in sides if name not in given}
    target = question.target
    if target.latest or target.tag or target.main_branch:
        made = [
            Selector(name, latest=target.latest, tag=target.tag, environment=target.environment, main_branch=target.main_branch)
            for name in others
        ]
        return resolve(connection, made, given=False)
    live: dict[int, list[tuple[int, str]]] = {owner: [] for owner in others.values()}
    for owner, key, number in _LIVE.all(connection, owners=list(live), environment=target.environment):
        live[owner].append((key, number))
    found: list[Resolved] = []
    for name, owner in others.items():
        selector = Selector(name, environment=target.environment)
        found += _resolved(selector, selector, owner, live[owner], given=False)
    return found


def _pairs(connection: Connection, question: Question, given: Sequence[Resolved]) -> list[Pair]:
    """Find the integrations: all of the given versions, or those between the given pacticipants."""
    owners = [one.pacticipant_id for one in given if one.pacticipant_id is not None]
    found = _as_consumer(connection, given)
    if question.target.infers or len(question.selectors) == 1:
        found += _AS_PROVIDER.all(connection, owners=owners)
    else:
        order = {owner: place for place, owner in reversed(list(enumerate(owners)))}
        found = [pair for pair in found if pair.provider_id in order]
        found.sort(key=lambda pair: (order[pair.consumer_id], order[pair.provider_id]))
    unique: dict[tuple[int, int], Pair] = {}
    for pair in found:
        unique.setdefault((pair.consumer_id, pair.provider_id), pair)
    return list(unique.values())


def _as_consumer(connection: Connection, given: Sequence[Resolved]) -> list[Pair]:
    whole, single = matrix_rows.ids_of(given)
    found = _OF_CONSUMERS.all(connection, owners=whole) if whole else []
    found += _OF_VERSIONS.all(connection, versions=single) if single else []
    return found


@cache
def _meant(shape: tuple[str, ...]) -> Prepared[tuple[Any, ...]]:
    """Prepare the search for the versions of one pacticipant (`owner`) that a selector with these fields means."""
    query = select(versions.c.id, versions.c.number).where(versions.c.pacticipant_id == bindparam("owner"), *_narrowed(shape))
    query = query.order_by(versions.c.id.desc())
    return Prepared(query.limit(1) if "latest" in shape else query)


def _narrowed(shape: tuple[str, ...]) -> list[ColumnElement[bool]]:
    owner = bindparam("owner", type_=Integer)
    found: list[ColumnElement[bool]] = []
    if "version" in shape:
        found.append(versions.c.number == bindparam("version"))
    elif "tag" in shape:
        tagged = (tags.c.pacticipant_id == owner, tags.c.name == bindparam("tag"))
        if shape == ("tag", "latest"):
            found.append(versions.c.id == select(func.max(tags.c.version_id)).where(*tagged).scalar_subquery())
        else:
            found.append(versions.c.id.in_(select(tags.c.version_id).where(*tagged)))
    if "main_branch" in shape:  # a main branch that is not known: no version is on it
        found.append(false())
    if "branch" in shape:
        table = branch_heads if "latest" in shape else branch_versions
        on_branch = select(table.c.version_id).join(branches, branches.c.id == table.c.branch_id)
        own = (branches.c.pacticipant_id == owner, branches.c.name == bindparam("branch"))
        found.append(versions.c.id.in_(on_branch.where(*own)))
    if "environment" in shape:
        deployed, released = (query.where(owner_id == owner) for query, owner_id in _live_versions())
        found.append(versions.c.id.in_(union(deployed, released)))
    return found


def _live_versions() -> list[tuple[Select[Any], ColumnElement[int]]]:
    """Select the versions that are live in an environment: deployed, and released; with the column of the pacticipant."""
    place = select(environments.c.id).where(environments.c.name == bindparam("environment")).scalar_subquery()
    deployed, released = deployed_versions.c, released_versions.c
    return [
        (select(one.version_id).where(one.environment_id == place, ended.is_(None)), one.pacticipant_id)
        for one, ended in ((deployed, deployed.undeployed_at), (released, released.support_ended_at))
    ]


def _live() -> Select[Any]:
    deployed, released = (query.where(among(owner_id, "owners")) for query, owner_id in _live_versions())
    live = union(deployed, released).subquery()
    columns = (versions.c.pacticipant_id, versions.c.id, versions.c.number)
    return select(*columns).join(live, live.c.version_id == versions.c.id).order_by(versions.c.id.desc())


def _of_integrations() -> Select[Any]:
    return (
        select(integrations.c.consumer_id, consumers.c.name, integrations.c.provider_id, providers.c.name.label("provider"))
        .join(consumers, consumers.c.id == integrations.c.consumer_id)
        .join(providers, providers.c.id == integrations.c.provider_id)
        .order_by(integrations.c.id)
    )


def _of_versions() -> Select[Any]:
    columns = (publications.c.consumer_id, consumers.c.name, publications.c.provider_id, providers.c.name.label("provider"))
    return (
        select(*columns)
        .join(consumers, consumers.c.id == publications.c.consumer_id)
        .join(providers, providers.c.id == publications.c.provider_id)
        .where(publications.c.is_latest, among(publications.c.consumer_version_id, "versions"))
        .group_by(publications.c.consumer_id, consumers.c.name, publications.c.provider_id, providers.c.name)
        .order_by(func.min(publications.c.id))
    )


_OWNER = Prepared(select(pacticipants.c.id, pacticipants.c.main_branch).where(pacticipants.c.name == bindparam("name")))
_NUMBERED = Prepared(
    select(pacticipants.c.id, versions.c.id.label("version_id"))
    .outerjoin(versions, and_(versions.c.pacticipant_id == pacticipants.c.id, versions.c.number == bindparam("version")))
    .where(pacticipants.c.name == bindparam("name"))
)
_LIVE = Prepared(_live())
_AS_PROVIDER = Prepared(_of_integrations().where(among(integrations.c.provider_id, "owners")), partial(Pair, required=False))
_HAS_PACT = select(publications.c.id).where(
    publications.c.consumer_id == integrations.c.consumer_id,
    publications.c.provider_id == integrations.c.provider_id,
    publications.c.is_latest,
)
_REQUIRED = partial(Pair, required=True)
_OF_CONSUMERS = Prepared(_of_integrations().where(among(integrations.c.consumer_id, "owners"), _HAS_PACT.exists()), _REQUIRED)
_OF_VERSIONS = Prepared(_of_versions(), _REQUIRED)
