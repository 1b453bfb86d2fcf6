"""Runs a cleaning as an operator asked for it, and tells about it in lines of text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.acts.cleaning import KINDS, Cleaned, Wish, clean, preview, unknown_names
from saga_broker.gate.keep_selectors import DEFAULT, read_selectors
from saga_broker.store.database.engine import Database, DatabaseError, unreachable
from saga_broker.store.database.migrate import migrate
from saga_broker.store.unneeded.cleaning import alone
from saga_contracts.errors import UsageError

SHOWN = 3
_SINGULAR = {"stale branches": "stale branch"}


def cleaned(database_url: str, selectors: Sequence[str], wish: Wish, *, dry_run: bool) -> Iterator[str]:
    """Clean a database, or only look.

    Args:
        database_url: The database.
        selectors: What to keep, as written by the operator; none for the default.
        wish: The rest.
        dry_run: Only tell what would be deleted.

    Returns:
        What happened, line by line.

    Raises:
        UsageError: Selectors have faults.
        DatabaseError: The database cannot be used, or is not there.
    """
    read, faults = read_selectors(selectors)
    database = _existing(database_url)
    try:
        migrate(database)
        faults += unknown_names(database, read)
        if faults:
            raise UsageError(
                "\n".join(["Nothing was deleted, since it is not clear what to keep:", *(f"  {one}" for one in faults)])
            )
        yield from _done(database, replace(wish, selectors=read or DEFAULT), dry_run=dry_run)
    except (DBAPIError, PoolTimeoutError) as error:
        raise DatabaseError(unreachable(database.url, error)) from error
    finally:
        database.close()


def _done(database: Database, wish: Wish, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield from _told(preview(database, wish), "would delete")
        return
    with alone(database) as is_alone:
        if is_alone:
            yield from _told(clean(database, wish), "deleted")
        else:
            yield "another process is cleaning this database: nothing was deleted"


def _existing(database_url: str) -> Database:
    """Open a database, but never make one: a wrong name would give an empty one, and nothing to clean in it."""
    database = Database(database_url)
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        raise DatabaseError(f"There is no database {database.url.database}. Mend --database-url.")
    return database


def _told(found: Cleaned, verb: str) -> Iterator[str]:
    yield f"kept: {_counted(found.kept.total(), 'versions')}{_reasons(found.kept)}"
    kinds = [kind for kind in KINDS if found.counts[kind]]
    if not kinds:
        yield "nothing to delete"
        return
    for kind in kinds:
        yield f"{verb}: {_counted(found.counts[kind], kind)}{_first(found.names.get(kind, []), found.counts[kind])}"
    if found.waiting:
        yield f"the limit leaves {_counted(found.waiting, 'versions')} for the next run"


def _reasons(kept: Counter[str]) -> str:
    return f" ({'; '.join(f'{count} {reason}' for reason, count in kept.most_common())})" if kept else ""


def _first(names: Sequence[str], count: int) -> str:
    if not names:
        return ""
    return f" ({', '.join(names[:SHOWN])}{', …' if count > SHOWN else ''})"


def _counted(count: int, kind: str) -> str:
    return f"{count} {_SINGULAR.get(kind, kind.removesuffix('s')) if count == 1 else kind}"
