"""Reads what decides which versions are kept when the database is cleaned, and what else can go."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select, union_all

from saga_broker.gate.keeping import Facts, Live, Made, OnBranch, Result, SagaOf, Tagged
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    deck_results,
    deployed_versions,
    environments,
    integrations,
    pacticipants,
    publications,
    released_versions,
    saga_versions,
    tags,
    verification_tags,
    verifications,
    versions,
)

AT_ONCE = 2000
WATCHED = (tags, branch_versions, publications, verifications, deployed_versions, released_versions, saga_versions, deck_results)


def stale_branches(connection: Connection, before: datetime) -> list[tuple[int, str, str]]:
    """List branches that nobody changed since a moment, but for main branches: id, pacticipant, name."""
    changed = func.coalesce(branches.c.updated_at, branches.c.created_at, type_=branches.c.created_at.type)
    query = select(branches.c.id, pacticipants.c.name, branches.c.name).join(pacticipants)
    query = query.where(
        changed < before, or_(pacticipants.c.main_branch.is_(None), pacticipants.c.main_branch != branches.c.name)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(branches.c.id))]


def facts(connection: Connection, without: set[int]) -> Facts:
    """Read what is known of all versions, as if some branches were not there."""
    names = {row[0]: row[1] for row in connection.execute(select(pacticipants.c.id, pacticipants.c.name))}
    main = {row[0]: row[1] for row in connection.execute(select(pacticipants.c.id, pacticipants.c.main_branch))}
    made = Prepared(select(versions.c.id, versions.c.pacticipant_id, versions.c.created_at).order_by(versions.c.id))
    tagged = Prepared(select(tags.c.version_id, tags.c.pacticipant_id, tags.c.name, tags.c.created_at)).all(connection)
    every = [row for row in connection.execute(select(branches)) if row.id not in without]
    by_id = {row.id: row for row in every}
    heads = {(row[0], row[1]) for row in connection.execute(select(branch_heads))}
    places = Prepared(select(branch_versions.c.branch_id, branch_versions.c.version_id)).all(connection)
    providers = connection.execute(select(integrations.c.provider_id).distinct()).scalars()
    return Facts(
        versions={row[0]: Made(row[0], names[row[1]], row[2]) for row in made.all(connection)},
        tags=[Tagged(version, names[owner], name, at) for version, owner, name, at in tagged],
        on_branches=[
            OnBranch(version, branch, by_id[branch].name, (branch, version) in heads, _is_main(by_id[branch], main))
            for branch, version in places
            if branch in by_id
        ],
        live=_live(connection),
        newest_pacts=frozenset(connection.execute(_newest_pacts()).scalars()),
        contents=_contents(connection),
        sagas=_sagas(connection),
        births=_births([(row.pacticipant_id, row.created_at) for row in every], tagged),
        providers=frozenset(names[one] for one in providers),
    )


def results(connection: Connection, content_ids: Iterable[int]) -> Iterator[Result]:
    """Give the results of contents, those of each content in the order of their ids."""
    waiting = iter(sorted(content_ids))
    while ids := list(islice(waiting, AT_ONCE)):
        had: dict[int, tuple[str, ...]] = {}
        for number, tag in _RESULT_TAGS.all(connection, ids=ids):
            had[number] = (*had.get(number, ()), tag)
        for number, content, provider, version, success, wip, at in _RESULTS.all(connection, ids=ids):
            yield Result(number, content, provider, version, success, wip, at, had.get(number, ()))


def verified_twice(connection: Connection) -> Iterator[tuple[int, list[Result]]]:
    """Give, by content, the results of those provider versions that have several for it."""
    pairs = connection.execute(_SEVERAL).all()
    several = {(content, version) for content, version in pairs}
    found = results(connection, {content for content, _ in several})
    for content, group in groupby(found, lambda one: one.content_id):
        yield content, [one for one in group if (content, one.version_id) in several]


def newest_rows(connection: Connection) -> dict[str, int]:
    """Give the newest id of each table whose new rows can make a version worth keeping."""
    return {table.name: connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one() for table in WATCHED}


def wanted_since(connection: Connection, ids: Sequence[int], newest: dict[str, int]) -> set[int]:
    """Give those versions that became worth keeping since: live now, or something new hangs on them or on what they verified."""
    return {row[0] for row in _WANTED.all(connection, ids=ids, **newest)}


def _is_main(branch: Any, main: dict[int, str | None]) -> bool:
    return bool(main[branch.pacticipant_id] == branch.name)


def _live(connection: Connection) -> list[Live]:
    found = []
    for table, ended, released in (
        (deployed_versions, deployed_versions.c.undeployed_at, False),
        (released_versions, released_versions.c.support_ended_at, True),
    ):
        query = select(table.c.version_id, environments.c.name).join(environments, environments.c.id == table.c.environment_id)
        found += [Live(row[0], row[1], released) for row in connection.execute(query.where(ended.is_(None)))]
    return found


def _newest_pacts() -> Select[Any]:
    same = (publications.c.provider_id == integrations.c.provider_id, publications.c.consumer_id == integrations.c.consumer_id)
    newest = select(publications.c.consumer_version_id).where(*same, publications.c.is_latest)
    newest = newest.order_by(publications.c.consumer_version_id.desc()).limit(1).correlate(integrations)
    return select(newest.scalar_subquery().label("version_id"))


def _contents(connection: Connection) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    query = select(publications.c.consumer_version_id, publications.c.content_id).where(publications.c.is_latest)
    for version, content in Prepared(query).all(connection):
        found.setdefault(version, []).append(content)
    return found


def _sagas(connection: Connection) -> list[SagaOf]:
    """Read the saga versions; the newest of a saga, and the newest of it on each branch, are what is asked for."""
    query = select(saga_versions.c.saga, saga_versions.c.branch, saga_versions.c.owner_version_id)
    rows = connection.execute(query.add_columns(saga_versions.c.executor_version_id).order_by(saga_versions.c.id.desc()))
    seen: set[Any] = set()
    found = []
    for saga, branch, owner, executor in rows:
        found.append(SagaOf(owner, executor, not {saga, (saga, branch)} <= seen))
        seen |= {saga, (saga, branch)}
    return found


def _births(made: list[tuple[int, datetime]], tagged: Iterable[tuple[Any, ...]]) -> dict[int, list[datetime]]:
    first: dict[tuple[int, str], datetime] = {}
    for _, owner, name, at in tagged:
        first[owner, name] = min(first.get((owner, name), at), at)
    found: dict[int, set[datetime]] = {}
    for owner, at in [*made, *((key[0], at) for key, at in first.items())]:
        found.setdefault(owner, set()).add(at)
    return {owner: sorted(moments) for owner, moments in found.items()}


def _wanted() -> Prepared[tuple[Any, ...]]:
    live = [
        select(table.c.version_id).where(ended.is_(None))
        for table, ended in (
            (deployed_versions, deployed_versions.c.undeployed_at),
            (released_versions, released_versions.c.support_ended_at),
        )
    ]
    columns = [
        *(table.c.version_id for table in (tags, branch_versions, deployed_versions, released_versions)),
        publications.c.consumer_version_id,
        verifications.c.provider_version_id,
        deck_results.c.provider_version_id,
        saga_versions.c.owner_version_id,
        saga_versions.c.executor_version_id,
    ]
    new = [select(column).where(column.table.c.id > bindparam(column.table.name)) for column in columns]
    again = verifications.join(publications, publications.c.content_id == verifications.c.content_id)
    rest = select(verifications.c.provider_version_id).select_from(again).where(publications.c.id > bindparam(publications.name))
    narrowed = [query.where(among(query.selected_columns[0], "ids")) for query in (*live, *new, rest)]
    return Prepared(union_all(*narrowed))


_RESULTS = Prepared(
    select(
        verifications.c.id,
        verifications.c.content_id,
        verifications.c.provider_id,
        verifications.c.provider_version_id,
        verifications.c.success,
        verifications.c.wip,
        verifications.c.created_at,
    )
    .where(among(verifications.c.content_id, "ids"))
    .order_by(verifications.c.content_id, verifications.c.id)
)
_RESULT_TAGS = Prepared(
    select(verification_tags.c.verification_id, verification_tags.c.tag)
    .join(verifications, verifications.c.id == verification_tags.c.verification_id)
    .where(among(verifications.c.content_id, "ids"))
)
_PAIR = (verifications.c.content_id, verifications.c.provider_version_id)
_SEVERAL = select(*_PAIR).group_by(*_PAIR).having(func.count() > 1)
_WANTED = _wanted()
