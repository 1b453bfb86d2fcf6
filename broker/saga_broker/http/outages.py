"""Which errors of the database mean that it cannot be used now, and what a client is told about them.

Everything else that a database refuses is an error of the broker, and is not judged here.
"""

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.http.patience import BusyError, SlowError

UNAVAILABLE, NO_SPACE = 503, 507
_POSTGRESQL_DISK_FULL, _POSTGRESQL_NO_LOCK, _POSTGRESQL_CANCELLED = "53100", "55P03", "57014"
_BROKEN_FILE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True)
class Outage:
    """Why the database cannot be used.

    Attributes:
        status: Of the answer.
        text: What the client is told; it names no file, host or user.
        retry_after_s: When it is worth trying again.
    """

    status: int
    text: str
    retry_after_s: int


GONE = Outage(
    UNAVAILABLE,
    "The broker's database cannot be used at the moment, so this request is not acknowledged. Send it again later; "
    "the broker's log says what is wrong, and the broker needs no restart once the database answers.",
    5,
)
FULL = Outage(
    NO_SPACE,
    "The disk of the broker's database is full, so nothing of this request was stored. Free space there, or enlarge the disk, "
    "and send the request again; the broker needs no restart.",
    30,
)

BUSY = Outage(
    UNAVAILABLE,
    "Others write into the broker's database, and this request waited for its turn too long, so it is not acknowledged and "
    "nothing of it is stored. Send it again later.",
    5,
)
SLOW = Outage(
    UNAVAILABLE,
    "The broker's database took too long over this request, so it was given up and nothing of it is stored. Send it again later, "
    "or ask for less: most questions can be narrowed, and most lists be read page by page.",
    30,
)


def outage_of(error: BaseException) -> Outage | None:
    """Tell whether an error means that the database cannot be used now; None when it means something else."""
    for kinds, outage in _OF_KIND:
        if isinstance(error, kinds):
            return outage
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(error, getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state in _OF_POSTGRESQL:
        return _OF_POSTGRESQL[state]
    return GONE if isinstance(error, OperationalError) or error.connection_invalidated else None


def _of_sqlite(error: DBAPIError, code: int) -> Outage | None:
    if code in _OF_SQLITE:
        return _OF_SQLITE[code]
    return GONE if isinstance(error, OperationalError) or code in _BROKEN_FILE else None


_OF_KIND = (((BusyError, PoolTimeoutError), BUSY), ((SlowError,), SLOW), ((InterfaceError,), GONE))
_OF_POSTGRESQL = {_POSTGRESQL_DISK_FULL: FULL, _POSTGRESQL_NO_LOCK: BUSY, _POSTGRESQL_CANCELLED: SLOW}
_OF_SQLITE = {sqlite3.SQLITE_FULL: FULL, sqlite3.SQLITE_BUSY: BUSY, sqlite3.SQLITE_INTERRUPT: SLOW}
