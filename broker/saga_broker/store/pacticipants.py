"""Pacticipants and their labels."""

import re
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, select

from saga_broker.rows import Named, Pacticipant, Page
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.query import add, change, fetch_page, first, texts
from saga_broker.store.database.schema import labels, pacticipants
from saga_broker.store.database.types import now

FIELDS = ("display_name", "main_branch", "repository_url", "repository_name", "repository_namespace")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[A-Z]|[^\W\dA-Za-z_]+")
_NO_WORDS = {"api", "provider", "service"}


def find(connection: Connection, name: str) -> Pacticipant | None:
    """Find a pacticipant by its exact name."""
    return _BY_NAME.first(connection, name=name)


def find_by_id(connection: Connection, pacticipant_id: int) -> Pacticipant:
    """Give the pacticipant with this id, which exists."""
    return _BY_ID.all(connection, id=pacticipant_id)[0]


def search(connection: Connection, part: str | None, label: str | None, page: Page | None) -> tuple[list[Pacticipant], int]:
    """List pacticipants by name, without regard to case.

    Args:
        connection: The database.
        part: Only names that hold this text.
        label: Only those with this label.
        page: Which part of the list; None for all.

    Returns:
        The pacticipants, and how many there are on all pages.
    """
    query = _all().order_by(func.lower(pacticipants.c.name), pacticipants.c.name)
    if part:
        query = query.where(func.lower(pacticipants.c.name).contains(part.lower(), autoescape=True))
    if label is not None:
        query = query.where(pacticipants.c.id.in_(select(labels.c.pacticipant_id).where(labels.c.name == label)))
    return fetch_page(connection, query, Pacticipant, page)


def every_name(connection: Connection) -> list[str]:
    """Give the names of all pacticipants, the oldest first."""
    return _NAMES.scalars(connection)


def get_or_create(connection: Connection, name: str) -> Pacticipant:
    """Give the pacticipant; make it when it is new."""
    return find(connection, name) or create(connection, name)


def create(connection: Connection, name: str, **fields: Any) -> Pacticipant:
    """Make a pacticipant; the display name is made from the name when none is given."""
    fields["display_name"] = fields.get("display_name") or display_name(name)
    new = add(connection, pacticipants, name=name, created_at=now(), **fields)
    return find_by_id(connection, new)


def change_fields(connection: Connection, pacticipant: Pacticipant, **fields: Any) -> Pacticipant:
    """Set fields of a pacticipant."""
    change(connection, pacticipants, pacticipant.id, updated_at=now(), **fields)
    return find_by_id(connection, pacticipant.id)


def remove(connection: Connection, pacticipant: Pacticipant) -> None:
    """Delete a pacticipant with everything that belongs to it."""
    connection.execute(delete(pacticipants).where(pacticipants.c.id == pacticipant.id))


def likely_duplicates(connection: Connection, name: str) -> list[str]:
    """Give the existing names that read like a new name; empty when the name exists."""
    if find(connection, name) is not None:
        return []
    words = _words(name)
    existing = texts(connection, select(pacticipants.c.name)) if words else []
    return [other for other in existing if _words(other) == words]


def display_name(name: str) -> str:
    """Make a title from a name: `my-svc` gives `My Svc`; letters of other scripts stay as they are."""
    spaced = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name))
    return " ".join(
        (word[0].upper() if word[0].isascii() else word[0]) + word[1:] for word in re.split(r"[\s_\-.]+", spaced) if word
    )


def labels_of(connection: Connection, pacticipant_ids: list[int]) -> dict[int, list[Named]]:
    """Give the labels of several pacticipants, by name."""
    query = select(labels).where(labels.c.pacticipant_id.in_(pacticipant_ids)).order_by(labels.c.name)
    found: dict[int, list[Named]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["pacticipant_id"], []).append(Named(row["name"], row["created_at"], row["updated_at"]))
    return found


def find_label(connection: Connection, pacticipant: str, label: str) -> Named | None:
    """Find a label of a pacticipant."""
    query = (
        select(labels.c.name, labels.c.created_at, labels.c.updated_at)
        .join(pacticipants, pacticipants.c.id == labels.c.pacticipant_id)
        .where(pacticipants.c.name == pacticipant, labels.c.name == label)
    )
    return first(connection, query, Named)


def add_label(connection: Connection, pacticipant: str, label: str) -> None:
    """Put a label on a pacticipant, which is made when it is new."""
    add(connection, labels, pacticipant_id=get_or_create(connection, pacticipant).id, name=label, created_at=now())


def remove_label(connection: Connection, pacticipant: str, label: str) -> None:
    """Take a label off."""
    owner = select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    connection.execute(delete(labels).where(labels.c.pacticipant_id == owner, labels.c.name == label))


def all_labels(connection: Connection) -> list[str]:
    """Give the names of all labels."""
    return texts(connection, select(labels.c.name).distinct().order_by(labels.c.name))


def _all() -> Select[Any]:
    return select(pacticipants)


_BY_NAME = Prepared(_all().where(pacticipants.c.name == bindparam("name")), Pacticipant)
_NAMES = Prepared(select(pacticipants.c.name).order_by(pacticipants.c.id))
_BY_ID = Prepared(_all().where(pacticipants.c.id == bindparam("id")), Pacticipant)


def _words(name: str) -> list[str]:
    words = [word.lower().removesuffix("s") for word in _WORDS.findall(name)]
    return [word for word in words if word and word not in _NO_WORDS]
