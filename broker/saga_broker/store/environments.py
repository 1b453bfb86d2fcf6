"""Environments: the places that versions are deployed to."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, func, select

from saga_broker.http.hal import dump
from saga_broker.rows import Environment
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.query import add, change, fetch
from saga_broker.store.database.schema import environments
from saga_broker.store.database.types import now


def listing(connection: Connection, name: str | None = None) -> list[Environment]:
    """List environments by display name."""
    return [one for one in _ALL.all(connection) if name is None or one.name == name]


def find(connection: Connection, uuid: str) -> Environment | None:
    """Find an environment by its uuid."""
    return _BY_UUID.first(connection, uuid=uuid)


def find_by_name(connection: Connection, name: str) -> Environment | None:
    """Find an environment by its name."""
    return _BY_NAME.first(connection, name=name)


def create(connection: Connection, name: str, display_name: str, contacts: Any, *, production: bool) -> Environment:
    """Make an environment."""
    values = {"name": name, "display_name": display_name, "production": production, "contacts": _json(contacts)}
    uuid = str(uuid4())
    add(connection, environments, uuid=uuid, created_at=now(), **values)
    made = find(connection, uuid)
    assert made is not None  # noqa: S101  (made in this transaction)
    return made


def replace(connection: Connection, environment: Environment, **fields: Any) -> Environment:
    """Replace the fields of an environment."""
    fields["contacts"] = _json(fields.get("contacts"))
    change(connection, environments, environment.id, updated_at=now(), **fields)
    changed = find(connection, environment.uuid)
    assert changed is not None  # noqa: S101  (it was there in this transaction)
    return changed


def remove(connection: Connection, environment: Environment) -> None:
    """Delete an environment with its deployments and releases."""
    connection.execute(delete(environments).where(environments.c.id == environment.id))


def by_ids(connection: Connection, environment_ids: list[int]) -> dict[int, Environment]:
    """Give environments by id."""
    found = fetch(connection, select(environments).where(environments.c.id.in_(environment_ids)), Environment)
    return {environment.id: environment for environment in found}


def _json(value: Any) -> str | None:
    return None if value is None else dump(value).decode()


_ALL = Prepared(select(environments).order_by(func.lower(environments.c.display_name), environments.c.id), Environment)
_BY_NAME = Prepared(select(environments).where(environments.c.name == bindparam("name")), Environment)
_BY_UUID = Prepared(select(environments).where(environments.c.uuid == bindparam("uuid")), Environment)
