"""Saga versions with their steps."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, union_all, update

from saga_broker.rows import Page, Version
from saga_broker.store.database.query import add, fetch, fetch_page, first, texts
from saga_broker.store.database.schema import (
    branch_versions,
    branches,
    deployed_versions,
    pacticipants,
    released_versions,
    saga_steps,
    saga_versions,
    versions,
)
from saga_broker.store.database.types import now

owners, executors = pacticipants.alias("owners"), pacticipants.alias("executors")
owner_versions, executor_versions = versions.alias("owner_versions"), versions.alias("executor_versions")


@dataclass(frozen=True, slots=True)
class SagaVersion:
    """A saga file as published under a version."""

    id: int
    saga: str
    number: str
    owner: str
    executor: str
    executor_version_id: int
    branch: str | None
    level: int
    sha: str
    content: bytes
    content_type: str
    build_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SagaStep:
    """A step of a saga version; `sha` is that of its slice."""

    saga_version_id: int
    position: int
    step: str
    participant: str
    step_class: str
    sha: str


@dataclass(frozen=True, slots=True)
class NewSagaVersion:
    """A saga file as it comes in, with what was read from it."""

    saga: str
    number: str
    branch: str | None
    level: int
    sha: str
    content: bytes
    content_type: str
    build_url: str | None
    steps: tuple[tuple[str, str, str, str], ...]  # step, participant, class, sha


def find(connection: Connection, saga: str, number: str) -> SagaVersion | None:
    """Find a saga version."""
    return first(connection, _sagas().where(saga_versions.c.saga == saga, saga_versions.c.number == number), SagaVersion)


def exists(connection: Connection, saga: str) -> bool:
    """Tell whether any version of a saga is known."""
    return connection.execute(select(saga_versions.c.id).where(saga_versions.c.saga == saga).limit(1)).scalar() is not None


def store(connection: Connection, new: NewSagaVersion, owner: Version, executor: Version) -> None:
    """Store a saga version with its steps."""
    saga_id = add(
        connection,
        saga_versions,
        saga=new.saga,
        number=new.number,
        owner_version_id=owner.id,
        executor_version_id=executor.id,
        branch=new.branch,
        level=new.level,
        sha=new.sha,
        content=new.content,
        content_type=new.content_type,
        build_url=new.build_url,
        created_at=now(),
    )
    for position, (step, participant, step_class, sha) in enumerate(new.steps):
        row = {"step": step, "participant": participant, "step_class": step_class, "sha": sha}
        connection.execute(saga_steps.insert().values(saga_version_id=saga_id, position=position, **row))


def set_branch(connection: Connection, version: SagaVersion, branch: str) -> SagaVersion:
    """Remember on which branch a saga version was published last."""
    connection.execute(update(saga_versions).where(saga_versions.c.id == version.id).values(branch=branch))
    return replace(version, branch=branch)


def newest(connection: Connection, branch: str | None, provider: str | None) -> list[SagaVersion]:
    """Give the newest version of each saga, on a branch when one is given, with a step at a provider when one is given."""
    last = select(func.max(saga_versions.c.id)).group_by(saga_versions.c.saga)
    if branch is not None:
        last = last.where(or_(saga_versions.c.branch == branch, _owner_is_on(branch)))
    query = _sagas().where(saga_versions.c.id.in_(last))
    return fetch(connection, _at_provider(query, provider).order_by(saga_versions.c.saga), SagaVersion)


@dataclass(frozen=True, slots=True)
class Outline:
    """The newest version of a saga without its file."""

    id: int
    saga: str
    number: str
    executor: str


def outlines(connection: Connection, most: int) -> list[Outline]:
    """Give the newest versions of sagas by name, so many at most."""
    return fetch(connection, _outlines().order_by(saga_versions.c.saga).limit(most), Outline)


def outlines_naming(connection: Connection, pacticipant: str) -> list[Outline]:
    """Give the newest versions of the sagas that a pacticipant executes or has a step of, by name."""
    steps = select(saga_steps.c.saga_version_id).where(saga_steps.c.participant == pacticipant)
    named = or_(executors.c.name == pacticipant, saga_versions.c.id.in_(steps))
    return fetch(connection, _outlines().where(named).order_by(saga_versions.c.saga), Outline)


def live_anywhere(connection: Connection) -> list[str]:
    """Give the sagas of which any executing version is deployed or released anywhere now, the one recorded last first."""
    deployed, released = deployed_versions.c, released_versions.c
    queries = [
        select(saga_versions.c.saga, table.created_at)
        .join(saga_versions, saga_versions.c.executor_version_id == table.version_id)
        .where(ended.is_(None))
        for table, ended in ((deployed, deployed.undeployed_at), (released, released.support_ended_at))
    ]
    every = union_all(*queries).subquery()
    last = func.max(every.c.created_at)
    return texts(connection, select(every.c.saga).group_by(every.c.saga).order_by(last.desc(), every.c.saga))


def heads(connection: Connection, part: str, page: Page, *, descending: bool = False) -> tuple[list[SagaVersion], int]:
    """Give a page of the sagas whose name holds a text, each with its newest version, by name.

    Returns:
        The versions, and how many sagas there are on all pages.
    """
    last = select(func.max(saga_versions.c.id)).group_by(saga_versions.c.saga)
    if part:
        last = last.where(func.lower(saga_versions.c.saga).contains(part.lower(), autoescape=True))
    by = saga_versions.c.saga.desc() if descending else saga_versions.c.saga
    total = connection.execute(select(func.count()).select_from(last.subquery())).scalar_one()
    query = _sagas().where(saga_versions.c.id.in_(last)).order_by(by).limit(page.size).offset(page.offset)
    return fetch(connection, query, SagaVersion), int(total)


def versions_of(connection: Connection, saga: str, page: Page) -> tuple[list[SagaVersion], int]:
    """Give a page of a saga's versions, the newest first, and how many there are."""
    query = _sagas().where(saga_versions.c.saga == saga).order_by(saga_versions.c.id.desc())
    return fetch_page(connection, query, SagaVersion, page)


def named_by(connection: Connection, numbers: Collection[tuple[str, str]]) -> dict[tuple[str, str], SagaVersion]:
    """Find several saga versions by their names and numbers."""
    sagas, wanted = {saga for saga, _ in numbers}, {number for _, number in numbers}
    query = _sagas().where(saga_versions.c.saga.in_(sagas), saga_versions.c.number.in_(wanted))
    found = {(one.saga, one.number): one for one in fetch(connection, query, SagaVersion)}
    return {key: found[key] for key in numbers if key in found}


def live_in(connection: Connection, environment_id: int, provider: str | None = None) -> list[SagaVersion]:
    """Give the saga versions whose executing pacticipant is deployed to, or released in, an environment now."""
    deployed, released = deployed_versions.c, released_versions.c
    here = select(deployed.version_id).where(deployed.environment_id == environment_id, deployed.undeployed_at.is_(None))
    out = select(released.version_id).where(released.environment_id == environment_id, released.support_ended_at.is_(None))
    executor = saga_versions.c.executor_version_id
    query = _at_provider(_sagas().where(or_(executor.in_(here), executor.in_(out))), provider)
    return fetch(connection, query.order_by(saga_versions.c.saga, saga_versions.c.id), SagaVersion)


def ended_in(
    connection: Connection, saga: str, environment_id: int, since: datetime, most: int
) -> list[tuple[SagaVersion, datetime]]:
    """Give the saga versions whose executing version was taken away from an environment, each with the last time, newest first.

    Args:
        connection: The database.
        saga: The saga.
        environment_id: The environment.
        since: What was taken away before this moment is left out.
        most: So many at most.
    """
    deployed, released = deployed_versions.c, released_versions.c
    queries = [
        select(saga_versions.c.id, ended.label("ended")).where(
            saga_versions.c.saga == saga,
            saga_versions.c.executor_version_id == table.version_id,
            table.environment_id == environment_id,
            ended > since,
        )
        for table, ended in ((deployed, deployed.undeployed_at), (released, released.support_ended_at))
    ]
    every = union_all(*queries).subquery()
    last = func.max(every.c.ended)
    rows = connection.execute(
        select(every.c.id, last).group_by(every.c.id).order_by(last.desc(), every.c.id.desc()).limit(most)
    ).all()
    found = fetch(connection, _sagas().where(saga_versions.c.id.in_([row[0] for row in rows])), SagaVersion)
    by_id = {one.id: one for one in found}
    return [(by_id[row[0]], row[1]) for row in rows]


def naming(connection: Connection, pacticipants_: Collection[str]) -> list[str]:
    """Give the sagas of which any version names one of these pacticipants, as owner, executor or participant."""
    steps = select(saga_versions.c.saga).join(saga_steps, saga_versions.c.id == saga_steps.c.saga_version_id)
    queries = (
        steps.where(saga_steps.c.participant.in_(pacticipants_)),
        _sagas()
        .with_only_columns(saga_versions.c.saga)
        .where(or_(*(one.c.name.in_(pacticipants_) for one in (owners, executors)))),
    )
    return sorted({name for query in queries for name in texts(connection, query.distinct())})


def names(connection: Connection) -> list[str]:
    """Give every saga."""
    return texts(connection, select(saga_versions.c.saga).distinct().order_by(saga_versions.c.saga))


def executed_by(connection: Connection, saga: str, pacticipant: str, numbers: Collection[str]) -> dict[str, SagaVersion]:
    """Find the saga versions that versions of an executing pacticipant carry, by their number, which is the same for both."""
    query = _sagas().where(saga_versions.c.saga == saga, executors.c.name == pacticipant, saga_versions.c.number.in_(numbers))
    return {one.number: one for one in fetch(connection, query, SagaVersion)}


def executing(connection: Connection, saga: str) -> list[str]:
    """Give the pacticipants that execute any version of a saga, on whatever branch."""
    query = _sagas().with_only_columns(executors.c.name).distinct().where(saga_versions.c.saga == saga)
    return texts(connection, query.order_by(executors.c.name))


def named(connection: Connection, saga: str, version_ids: Collection[int] = ()) -> set[str]:
    """Give the pacticipants that versions of a saga name: owners, executors and participants; of all when none is given."""
    which = (saga_versions.c.saga == saga, *([saga_versions.c.id.in_(version_ids)] if version_ids else []))
    participants = select(saga_steps.c.participant).join(saga_versions, saga_versions.c.id == saga_steps.c.saga_version_id)
    queries = (participants, *(_sagas().with_only_columns(owner.c.name) for owner in (owners, executors)))
    return {name for query in queries for name in texts(connection, query.where(*which))}


def concerning(connection: Connection, pacticipant: str) -> list[str]:
    """Give the sagas of which any version names a pacticipant: as owner, executor or participant."""
    own = (
        _sagas().with_only_columns(saga_versions.c.saga).where(or_(owners.c.name == pacticipant, executors.c.name == pacticipant))
    )
    steps = select(saga_versions.c.saga).join(saga_steps, saga_steps.c.saga_version_id == saga_versions.c.id)
    found = {saga for query in (own, steps.where(saga_steps.c.participant == pacticipant)) for saga in texts(connection, query)}
    return sorted(found)


def steps_of(connection: Connection, saga_version_ids: list[int]) -> dict[int, list[SagaStep]]:
    """Give the steps of several saga versions, in the order of the file."""
    query = select(saga_steps).where(saga_steps.c.saga_version_id.in_(saga_version_ids)).order_by(saga_steps.c.position)
    found: dict[int, list[SagaStep]] = {}
    for step in fetch(connection, query, SagaStep):
        found.setdefault(step.saga_version_id, []).append(step)
    return found


def is_known_slice(connection: Connection, saga: str, step: str, sha: str) -> str | None:
    """Give the participant of a step's slice; None when no version of the saga has this slice."""
    query = select(saga_steps.c.participant).join(saga_versions, saga_versions.c.id == saga_steps.c.saga_version_id)
    query = query.where(saga_versions.c.saga == saga, saga_steps.c.step == step, saga_steps.c.sha == sha)
    found = connection.execute(query.limit(1)).scalar()
    return None if found is None else str(found)


def _at_provider(query: Select[Any], provider: str | None) -> Select[Any]:
    if provider is None:
        return query
    at = select(saga_steps.c.saga_version_id).where(saga_steps.c.participant == provider)
    return query.where(saga_versions.c.id.in_(at))


def _outlines() -> Select[Any]:
    last = select(func.max(saga_versions.c.id)).group_by(saga_versions.c.saga)
    table = saga_versions.c
    query = select(table.id, table.saga, table.number, executors.c.name.label("executor")).where(table.id.in_(last))
    query = query.join(executor_versions, executor_versions.c.id == table.executor_version_id)
    return query.join(executors, executors.c.id == executor_versions.c.pacticipant_id)


def _sagas() -> Select[Any]:
    table = saga_versions.c
    own = [column for column in table if column.name != "owner_version_id"]
    return (
        select(*own, owners.c.name.label("owner"), executors.c.name.label("executor"))
        .join(owner_versions, owner_versions.c.id == table.owner_version_id)
        .join(owners, owners.c.id == owner_versions.c.pacticipant_id)
        .join(executor_versions, executor_versions.c.id == table.executor_version_id)
        .join(executors, executors.c.id == executor_versions.c.pacticipant_id)
    )


def _owner_is_on(branch: str) -> ColumnElement[bool]:
    on = select(branch_versions.c.id).join(branches, branches.c.id == branch_versions.c.branch_id)
    on = on.where(branches.c.name == branch, branch_versions.c.version_id == saga_versions.c.owner_version_id)
    return on.correlate(saga_versions).exists()
