"""How provider versions are started, as their teams announced it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from saga_broker.rows import Version
from saga_broker.store.database.job_tables import announcements
from saga_broker.store.database.query import add, change, first
from saga_broker.store.database.types import now


@dataclass(frozen=True, slots=True)
class NewAnnouncement:
    """An announcement as it comes in.

    Attributes:
        provider_file: The text of the provider file.
        image: The image to start, with its digest; None: the file's own.
        archive: A tar file, packed by gzip, with what the file needs; None: nothing.
        labels: What a worker must have.
        at_once: How many jobs of the provider may be under way at the same time.
    """

    provider_file: str
    image: str | None
    archive: bytes | None
    labels: tuple[str, ...]
    at_once: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement as it is stored; the archive is read apart, by `archive`."""

    version_id: int
    provider_file: str
    image: str | None
    archive_sha: str | None
    labels: tuple[str, ...]
    at_once: int
    created_at: datetime
    updated_at: datetime | None


def put(connection: Connection, version: Version, new: NewAnnouncement) -> tuple[Announcement, bool]:
    """Store an announcement, in place of an earlier one of the same version.

    Returns:
        The announcement, and whether it is the first of its version.
    """
    values: dict[str, Any] = {
        "provider_file": new.provider_file,
        "image": new.image,
        "archive": new.archive,
        "archive_sha": None if new.archive is None else hashlib.sha256(new.archive).hexdigest(),
        "labels": json.dumps(new.labels),
        "at_once": new.at_once,
    }
    existing = connection.execute(select(announcements.c.id).where(announcements.c.version_id == version.id)).scalar()
    if existing is None:
        add(connection, announcements, version_id=version.id, created_at=now(), **values)
    else:
        change(connection, announcements, existing, updated_at=now(), **values)
    found = find(connection, version.id)
    assert found is not None  # noqa: S101  (stored in this transaction)
    return found, existing is None


def find(connection: Connection, version_id: int) -> Announcement | None:
    """Find the announcement of a version."""
    columns = [column for column in announcements.c if column.name not in {"id", "archive", "labels"}]
    query = select(*columns, announcements.c.labels).where(announcements.c.version_id == version_id)
    found = first(connection, query, dict)
    return None if found is None else Announcement(**{**found, "labels": tuple(json.loads(found["labels"]))})


def any_at_all(connection: Connection) -> bool:
    """Tell whether anybody ever announced a version."""
    return connection.execute(select(announcements.c.id).limit(1)).scalar() is not None


def archive(connection: Connection, version_id: int) -> bytes | None:
    """Give the archive of a version's announcement; None when there is none."""
    found = connection.execute(select(announcements.c.archive).where(announcements.c.version_id == version_id)).scalar()
    return None if found is None else bytes(found)
