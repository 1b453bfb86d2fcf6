"""Finds what nobody needs once some versions are gone: overwritten revisions, contents without a pact, results of old slices."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    contents,
    deck_results,
    environments,
    pacticipants,
    publications,
    saga_steps,
    saga_versions,
    verifications,
    versions,
)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What can go besides the versions, by ids; what goes with a version is not among it, but for contents."""

    overwritten: list[int]
    contents: list[int]
    deck_results: list[int]


def find(connection: Connection, gone: set[int], before: datetime) -> Leftovers:
    """Find what nobody needs when some versions are gone.

    Args:
        connection: The database.
        gone: The versions.
        before: Revisions that were overwritten are kept when they are younger.
    """
    overwritten, used = [], set()
    for number, version, content, is_latest, at in _PACTS.all(connection):
        if version in gone:
            continue
        if is_latest or at >= before:
            used.add(content)
        else:
            overwritten.append(number)
    every = connection.execute(select(contents.c.id).order_by(contents.c.id)).scalars()
    return Leftovers(overwritten, [one for one in every if one not in used], _old_slices(connection, gone))


def counted(connection: Connection, gone: Sequence[int], orphans: Sequence[int]) -> Counter[str]:
    """Count what goes with versions and contents."""
    found = Counter({kind: statement.scalar(connection, gone=gone) for kind, statement in _WITH_VERSIONS.items()})
    found["results"] = _RESULTS.scalar(connection, gone=gone, orphans=orphans)
    return found


def names(connection: Connection, ids: Sequence[int]) -> list[str]:
    """Give versions' pacticipants and numbers."""
    return [f"{owner} {number}" for owner, number in _NAMES.all(connection, ids=ids)]


def pacticipant_names(connection: Connection) -> set[str]:
    """Give the names of all pacticipants."""
    return set(connection.execute(select(pacticipants.c.name)).scalars())


def environment_names(connection: Connection) -> set[str]:
    """Give the names of all environments."""
    return set(connection.execute(select(environments.c.name)).scalars())


def _old_slices(connection: Connection, gone: set[int]) -> list[int]:
    known: set[Any] = set()
    for owner, executor, saga, step, sha in _SLICES.all(connection):
        if owner not in gone and executor not in gone:
            known.add((saga, step, sha))
    rows = _DECK_RESULTS.all(connection)
    return [row[0] for row in rows if row[1] not in gone and tuple(row[2:]) not in known]


_PACTS = Prepared(
    select(
        publications.c.id,
        publications.c.consumer_version_id,
        publications.c.content_id,
        publications.c.is_latest,
        publications.c.created_at,
    ).order_by(publications.c.id)
)
_SLICES = Prepared(
    select(
        saga_versions.c.owner_version_id,
        saga_versions.c.executor_version_id,
        saga_versions.c.saga,
        saga_steps.c.step,
        saga_steps.c.sha,
    ).join(saga_steps, saga_steps.c.saga_version_id == saga_versions.c.id)
)
_DECK_RESULTS = Prepared(
    select(
        deck_results.c.id, deck_results.c.provider_version_id, deck_results.c.saga, deck_results.c.step, deck_results.c.sha
    ).order_by(deck_results.c.id)
)
_WITH_VERSIONS = {
    "pacts": Prepared(select(func.count()).select_from(publications).where(among(publications.c.consumer_version_id, "gone"))),
    "deck results": Prepared(
        select(func.count()).select_from(deck_results).where(among(deck_results.c.provider_version_id, "gone"))
    ),
    "saga versions": Prepared(
        select(func.count())
        .select_from(saga_versions)
        .where(or_(among(saga_versions.c.owner_version_id, "gone"), among(saga_versions.c.executor_version_id, "gone")))
    ),
}
_RESULTS = Prepared(
    select(func.count())
    .select_from(verifications)
    .where(or_(among(verifications.c.provider_version_id, "gone"), among(verifications.c.content_id, "orphans")))
)
_NAMES = Prepared(
    select(pacticipants.c.name, versions.c.number)
    .join(versions, versions.c.pacticipant_id == pacticipants.c.id)
    .where(among(versions.c.id, "ids"))
    .order_by(versions.c.id)
)
