"""Which errors of the database mean that it cannot be used now, and what a client is told about them.

Everything else that a database refuses is an error of the broker, and is not judged here.
"""

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

UNAVAILABLE, NO_SPACE = 503, 507
_POSTGRESQL_DISK_FULL = "53100"
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


def outage_of(error: BaseException) -> Outage | None:
    """Tell whether an error means that the database cannot be used now; None when it means something else."""
    if isinstance(error, PoolTimeoutError | InterfaceError):
        return GONE
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(error, getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF)
    if getattr(cause, "sqlstate", None) == _POSTGRESQL_DISK_FULL:
        return FULL
    return GONE if isinstance(error, OperationalError) or error.connection_invalidated else None


def _of_sqlite(error: DBAPIError, code: int) -> Outage | None:
    if code == sqlite3.SQLITE_FULL:
        return FULL
    return GONE if isinstance(error, OperationalError) or code in _BROKEN_FILE else None
