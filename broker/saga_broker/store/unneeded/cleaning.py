"""Deletes what nobody needs any more, in small transactions: each leaves the database whole, so that a run can end at any moment.

What goes is chosen elsewhere, from what was there at one moment. Here everything is looked at again when it is deleted, since the
broker goes on meanwhile.
"""

import fcntl
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, NullPool, Table, bindparam, create_engine, delete, func, insert, or_, select

from saga_broker.store.database.engine import Database
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    contents,
    deck_results,
    publications,
    saga_steps,
    saga_versions,
    verifications,
    versions,
)
from saga_broker.store.database.types import UtcDateTime
from saga_broker.store.unneeded import keeping

CLEANING_LOCK = 7_203_116
AT_ONCE = 100  # versions, or contents, in one transaction
ROWS_AT_ONCE = 5000  # results, or overwritten revisions, in one transaction


@contextmanager
def alone(database: Database) -> Iterator[bool]:
    """Tell whether no other process cleans this database, and keep others from it; a process that ends in any way lets go."""
    if database.is_sqlite:
        with Path(f"{database.url.database}-cleaning").open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        return
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with engine.connect() as connection:
        yield bool(connection.execute(select(func.pg_try_advisory_lock(CLEANING_LOCK))).scalar_one())


def remove_branches(database: Database, ids: Sequence[int], before: datetime) -> Counter[str]:
    """Delete branches that still were not changed since a moment; their versions stay."""
    done: Counter[str] = Counter()
    for some in _parts(ids, AT_ONCE):
        with database.write() as connection:
            done["stale branches"] += _BRANCHES.run(connection, ids=some, before=before)
    return done


def remove_versions(database: Database, ids: Sequence[int], newest: dict[str, int]) -> Counter[str]:
    """Delete versions with all that hangs on them.

    Args:
        database: The database.
        ids: The versions; the first are deleted first.
        newest: The newest rows when they were chosen; versions that got something new since are left.
    """
    done: Counter[str] = Counter()
    for some in _parts(ids, AT_ONCE):
        with database.write() as connection:
            wanted = keeping.wanted_since(connection, some, newest)
            done += _remove_versions(connection, [one for one in some if one not in wanted])
    return done


def remove_overwritten(database: Database, ids: Sequence[int]) -> Counter[str]:
    """Delete overwritten revisions, and contents that only they had."""
    done: Counter[str] = Counter()
    for some in _parts(ids, ROWS_AT_ONCE):
        with database.write() as connection:
            content_ids = _CONTENTS_OF_REVISIONS.scalars(connection, ids=some)
            done["overwritten revisions"] += _OVERWRITTEN.run(connection, ids=some)
            done += _remove_orphans(connection, content_ids)
    return done


def remove_contents(database: Database, ids: Sequence[int]) -> Counter[str]:
    """Delete those contents, with their results, that no pact has."""
    done: Counter[str] = Counter()
    for some in _parts(ids, AT_ONCE):
        with database.write() as connection:
            done += _remove_orphans(connection, some)
    return done


def remove_repeated(database: Database, ids: Sequence[int]) -> Counter[str]:
    """Delete results of which the same provider version has a later one for the same content."""
    done: Counter[str] = Counter()
    for some in _parts(ids, ROWS_AT_ONCE):
        with database.write() as connection:
            done["repeated results"] += _REPEATED.run(connection, ids=some)
    return done


def remove_deck_results(database: Database, ids: Sequence[int]) -> Counter[str]:
    """Delete deck results of steps as no saga version has them any more."""
    done: Counter[str] = Counter()
    for some in _parts(ids, AT_ONCE):
        with database.write() as connection:
            done["deck results"] += _DECK_RESULTS.run(connection, ids=some)
    return done


def _parts(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    waiting = iter(ids)
    while some := list(islice(waiting, size)):
        yield some


def _remove_versions(connection: Connection, ids: list[int]) -> Counter[str]:
    headless = _HEADS_OF.scalars(connection, ids=ids)
    content_ids = _CONTENTS_OF.scalars(connection, ids=ids)
    done = Counter({kind: statement.run(connection, ids=ids) for kind, statement in _OF_VERSIONS.items()})
    _NEW_HEADS.run(connection, ids=headless)
    return done + _remove_orphans(connection, content_ids)


def _remove_orphans(connection: Connection, content_ids: Iterable[int]) -> Counter[str]:
    ids = _ORPHANS.scalars(connection, ids=set(content_ids))
    gone = _RESULTS_OF_CONTENTS.run(connection, ids=ids)
    return Counter({"results": gone, "pact contents": _CONTENTS.run(connection, ids=ids)})


def _gone(table: Table, *columns: ColumnElement[Any]) -> Prepared[tuple[Any, ...]]:
    return Prepared(delete(table).where(or_(*(among(column, "ids") for column in columns))))


def _repeated() -> Prepared[tuple[Any, ...]]:
    later = verifications.alias("later")
    same = (later.c[name] == verifications.c[name] for name in ("content_id", "provider_version_id", "success", "wip"))
    found = select(later.c.id).where(*same, later.c.id > verifications.c.id).correlate(verifications).exists()
    return Prepared(delete(verifications).where(among(verifications.c.id, "ids"), found))


def _new_heads() -> Prepared[tuple[Any, ...]]:
    """Prepare the search for the version that was added last to branches without a head."""
    other = branch_versions.alias("other")
    newest = select(func.max(other.c.id)).where(other.c.branch_id == branch_versions.c.branch_id)
    has_head = select(branch_heads.c.branch_id).where(branch_heads.c.branch_id == branch_versions.c.branch_id).exists()
    query = select(branch_versions.c.branch_id, branch_versions.c.version_id).where(
        among(branch_versions.c.branch_id, "ids"),
        branch_versions.c.id == newest.correlate(branch_versions).scalar_subquery(),
        ~has_head,
    )
    return Prepared(insert(branch_heads).from_select(["branch_id", "version_id"], query))


_USED = select(publications.c.id).where(publications.c.content_id == contents.c.id).exists()
_SLICE_KNOWN = (
    select(saga_steps.c.position)
    .join(saga_versions, saga_versions.c.id == saga_steps.c.saga_version_id)
    .where(
        saga_versions.c.saga == deck_results.c.saga,
        saga_steps.c.step == deck_results.c.step,
        saga_steps.c.sha == deck_results.c.sha,
    )
    .exists()
)
_CHANGED = func.coalesce(branches.c.updated_at, branches.c.created_at, type_=UtcDateTime)
_BRANCHES = Prepared(delete(branches).where(among(branches.c.id, "ids"), bindparam("before", type_=UtcDateTime) > _CHANGED))
_HEADS_OF = Prepared(select(branch_heads.c.branch_id).where(among(branch_heads.c.version_id, "ids")))
_CONTENTS_OF = Prepared(select(publications.c.content_id).where(among(publications.c.consumer_version_id, "ids")))
_CONTENTS_OF_REVISIONS = Prepared(select(publications.c.content_id).where(among(publications.c.id, "ids")))
_OF_VERSIONS = {
    "results": _gone(verifications, verifications.c.provider_version_id),
    "pacts": _gone(publications, publications.c.consumer_version_id),
    "saga versions": _gone(saga_versions, saga_versions.c.owner_version_id, saga_versions.c.executor_version_id),
    "deck results": _gone(deck_results, deck_results.c.provider_version_id),
    "versions": _gone(versions, versions.c.id),
}
_NEW_HEADS = _new_heads()
_OVERWRITTEN = Prepared(delete(publications).where(among(publications.c.id, "ids"), ~publications.c.is_latest))
_ORPHANS = Prepared(select(contents.c.id).where(among(contents.c.id, "ids"), ~_USED))
_RESULTS_OF_CONTENTS = _gone(verifications, verifications.c.content_id)
_CONTENTS = _gone(contents, contents.c.id)
_REPEATED = _repeated()
_DECK_RESULTS = Prepared(delete(deck_results).where(among(deck_results.c.id, "ids"), ~_SLICE_KNOWN))
