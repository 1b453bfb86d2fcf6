"""What the verdicts of sagas rest on, as a digest for each saga and environment: it differs once anything the gate reads does.

So a verdict may be kept in memory for as long as its digest stays. Everything is asked for all sagas and environments at once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from saga_broker.store.database.schema import (
    deck_results,
    deployed_versions,
    pacticipants,
    publications,
    released_versions,
    saga_steps,
    saga_versions,
    verifications,
    versions,
)

Rows = list[tuple[Any, ...]]


Places = Mapping[tuple[str, int], Collection[str]]


def digests(
    connection: Connection, sagas: Sequence[str], environment_ids: Sequence[int], flying: Places
) -> dict[tuple[str, int], str]:
    """Give a digest of the evidence about each saga in each environment.

    Args:
        connection: The database.
        sagas: Names of sagas.
        environment_ids: Where they are asked about.
        flying: The numbers of saga versions that may be in flight, by saga and environment: they are looked at as well.
    """
    executors = _grouped(_all(connection, _executors(sagas)))
    ended = _ended(connection, environment_ids, {row[1] for rows in executors.values() for row in rows})
    running = _live(connection, environment_ids, {row[1] for rows in executors.values() for row in rows})
    numbers = {number for listed in flying.values() for number in listed}
    carried = _grouped(_all(connection, _carried(sagas, _versions(running), numbers)))
    steps = _grouped(_all(connection, _steps({row[1] for rows in carried.values() for row in rows})))
    named = {row[1] for rows in steps.values() for row in rows} | {row[3] for rows in carried.values() for row in rows}
    live = _live(connection, environment_ids, {one for one in named if one is not None})
    both = {place: [*running.get(place, []), *live.get(place, []), *ended.get(place, [])] for place in environment_ids}
    evidence = _Evidence(connection, both, [row for rows in carried.values() for row in rows], steps)
    return {
        (name, place): evidence.digest(executors.get(name, []), carried.get(name, []), place, flying.get((name, place), ()))
        for name in sagas
        for place in environment_ids
    }


class _Evidence:
    """Pacts, results and decks of all sagas in question, by what they are asked by."""

    def __init__(self, connection: Connection, live: Mapping[int, Rows], carried: Rows, steps: Mapping[int, Rows]) -> None:
        self._live, self._steps = live, steps
        known = _versions(live) | {one for row in carried for one in (row[2], row[4])}
        self._pacts = _grouped(_all(connection, _publications(known)))
        contents = {row[2] for rows in self._pacts.values() for row in rows}
        self._results = _grouped(_all(connection, _verifications(contents, known)))
        self._decks = _grouped(_all(connection, _deck_results({row[3] for rows in steps.values() for row in rows})))

    def digest(self, executors: Rows, carried: Rows, place: int, flying: Collection[str]) -> str:
        in_place = {row[1] for row in self._live[place]}
        here = [row for row in carried if row[4] in in_place or row[5] in flying]
        steps = [row for version in here for row in self._steps.get(version[1], [])]
        concerned = {row[1] for row in executors} | {row[3] for row in here} | {row[1] for row in steps}
        live = [row for row in self._live[place] if row[0] in concerned]
        asked = sorted({row[1] for row in live if row[1] is not None} | {one for row in here for one in (row[2], row[4])})
        pacts = [row for version in asked for row in self._pacts.get(version, [])]
        results = [row for content in sorted({row[2] for row in pacts}) for row in self._results.get(content, [])]
        decks = [row for sha in sorted({row[3] for row in steps}) for row in self._decks.get(sha, [])]
        told = repr((executors, here, live, pacts, [row for row in results if row[1] in asked], decks))
        return hashlib.sha256(told.encode()).hexdigest()


def _versions(live: Mapping[int, Rows]) -> set[int]:
    return {row[1] for rows in live.values() for row in rows if row[1] is not None}


def _executors(sagas: Collection[str]) -> Select[Any]:
    """Ask for the pacticipants that execute any version of each saga."""
    table = saga_versions.c
    query = select(table.saga, versions.c.pacticipant_id, func.max(table.id), func.count())
    query = query.join(versions, versions.c.id == table.executor_version_id).where(table.saga.in_(sagas))
    return query.group_by(table.saga, versions.c.pacticipant_id).order_by(versions.c.pacticipant_id)


def _carried(sagas: Collection[str], version_ids: Collection[int], numbers: Collection[str]) -> Select[Any]:
    """Ask for the saga versions that executing versions carry: saga, id, version and id of owner, executing version, number."""
    table = saga_versions.c
    query = select(
        table.saga, table.id, table.owner_version_id, versions.c.pacticipant_id, table.executor_version_id, table.number
    )
    query = query.join(versions, versions.c.id == table.owner_version_id).order_by(table.id)
    return query.where(table.saga.in_(sagas), or_(table.executor_version_id.in_(version_ids), table.number.in_(numbers)))


def _live(connection: Connection, environment_ids: Sequence[int], pacticipant_ids: Collection[int]) -> dict[int, Rows]:
    """Give pacticipant, version, kind and id of what is deployed or released, by environment."""
    found: dict[int, Rows] = defaultdict(list)
    for kind, table, ended in (
        ("deployed", deployed_versions.c, deployed_versions.c.undeployed_at),
        ("released", released_versions.c, released_versions.c.support_ended_at),
    ):
        query = select(table.environment_id, table.pacticipant_id, table.version_id, table.id).order_by(table.id)
        query = query.where(ended.is_(None), table.environment_id.in_(environment_ids), table.pacticipant_id.in_(pacticipant_ids))
        for place, pacticipant, version, row_id in _all(connection, query):
            found[place].append((pacticipant, version, kind, row_id))
    return found


def _ended(connection: Connection, environment_ids: Sequence[int], pacticipant_ids: Collection[int]) -> dict[int, Rows]:
    """Give how many versions of each pacticipant are no longer live, and since when the last one, by environment."""
    found: dict[int, Rows] = defaultdict(list)
    for table, ended in (
        (deployed_versions.c, deployed_versions.c.undeployed_at),
        (released_versions.c, released_versions.c.support_ended_at),
    ):
        query = select(table.environment_id, table.pacticipant_id, func.count(), func.max(ended)).where(ended.is_not(None))
        query = query.where(table.environment_id.in_(environment_ids), table.pacticipant_id.in_(pacticipant_ids))
        query = query.group_by(table.environment_id, table.pacticipant_id).order_by(table.pacticipant_id)
        for place, pacticipant, count, last in _all(connection, query):
            found[place].append((pacticipant, None, count, str(last)))
    return found


def _steps(saga_version_ids: Collection[int]) -> Select[Any]:
    """Ask for saga version, participant, step and sha of each step."""
    table = saga_steps.c
    query = select(table.saga_version_id, pacticipants.c.id, table.step, table.sha).order_by(table.position)
    query = query.outerjoin(pacticipants, pacticipants.c.name == table.participant)
    return query.where(table.saga_version_id.in_(saga_version_ids))


def _publications(version_ids: Collection[int]) -> Select[Any]:
    table = publications.c
    query = select(table.consumer_version_id, table.id, table.content_id, table.provider_id, table.is_latest)
    return query.where(table.consumer_version_id.in_(version_ids)).order_by(table.id)


def _verifications(content_ids: Collection[int], version_ids: Collection[int]) -> Select[Any]:
    table = verifications.c
    keys = (table.content_id, table.provider_version_id)
    query = select(*keys, func.max(table.id), func.count()).group_by(*keys).order_by(*keys)
    return query.where(table.content_id.in_(content_ids), table.provider_version_id.in_(version_ids))


def _deck_results(shas: Collection[str]) -> Select[Any]:
    table = deck_results.c
    keys = (table.sha, table.step, table.provider_version_id)
    query = select(*keys, func.max(table.id), func.count()).group_by(*keys).order_by(*keys)
    return query.where(table.sha.in_(shas))


def _all(connection: Connection, query: Select[Any]) -> Rows:
    return [tuple(row) for row in connection.execute(query)]


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[Any, Rows]:
    found: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found
