"""Rows as another broker has them, with their dates. Writing the same row again changes nothing."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select, update

from saga_broker.store.query import add
from saga_broker.store.schema import (
    branch_heads,
    branch_versions,
    branches,
    contents,
    deployed_versions,
    environments,
    integrations,
    labels,
    pacticipants,
    publications,
    released_versions,
    tags,
    verification_tags,
    verifications,
    versions,
)

Values = Mapping[str, Any]
ResultKey = tuple[int, bool, datetime]
"""A result of a content: provider version, success, moment. Several results may have the same one."""


def put_environment(connection: Connection, uuid: str, name: str, created_at: datetime, values: Values) -> int:
    """Write an environment, by its name; it takes the uuid unless something is deployed or released there already."""
    found = connection.execute(select(environments.c.id, environments.c.uuid).where(environments.c.name == name)).first()
    if found is None:
        return add(connection, environments, uuid=uuid, name=name, created_at=created_at, **values)
    environment_id, known = int(found[0]), found[1]
    if known != uuid and _is_used(connection, environment_id):
        return environment_id
    _settle(connection, environments, environment_id, {"uuid": uuid, "created_at": created_at, **values})
    return environment_id


def put_pacticipant(connection: Connection, name: str, created_at: datetime, values: Values) -> int:
    """Write a pacticipant, by its name."""
    return _put(connection, pacticipants, {"name": name}, {"created_at": created_at, **values})


def put_label(connection: Connection, pacticipant_id: int, name: str, created_at: datetime) -> None:
    """Write a label, by its name."""
    _put(connection, labels, {"pacticipant_id": pacticipant_id, "name": name}, {"created_at": created_at})


def put_version(connection: Connection, pacticipant_id: int, number: str, created_at: datetime, values: Values) -> int:
    """Write a version, by its number."""
    key = {"pacticipant_id": pacticipant_id, "number": number}
    return _put(connection, versions, key, {"created_at": created_at, **values})


def put_branch(connection: Connection, pacticipant_id: int, name: str, created_at: datetime, values: Values) -> int:
    """Write a branch, by its name."""
    key = {"pacticipant_id": pacticipant_id, "name": name}
    return _put(connection, branches, key, {"created_at": created_at, **values})


def put_on_branch(connection: Connection, branch_id: int, version_id: int, created_at: datetime, *, head: bool) -> None:
    """Put a version on a branch unless it is there, and make it its head when it is that."""
    _put(connection, branch_versions, {"branch_id": branch_id, "version_id": version_id}, {}, {"created_at": created_at})
    known = connection.execute(select(branch_heads.c.version_id).where(branch_heads.c.branch_id == branch_id)).scalar()
    if known is None:
        connection.execute(branch_heads.insert().values(branch_id=branch_id, version_id=version_id))
    elif head and known != version_id:
        connection.execute(update(branch_heads).where(branch_heads.c.branch_id == branch_id).values(version_id=version_id))


def put_tag(connection: Connection, pacticipant_id: int, version_id: int, name: str, created_at: datetime) -> None:
    """Write a tag, by its name."""
    values = {"pacticipant_id": pacticipant_id, "created_at": created_at}
    _put(connection, tags, {"version_id": version_id, "name": name}, values)


def known_tags(connection: Connection, pacticipant: str, numbers: Sequence[str]) -> dict[str, set[str]]:
    """Give the names of the tags that versions have here, by their number."""
    query = select(versions.c.number, tags.c.name).join(versions, versions.c.id == tags.c.version_id)
    return _by_number(connection, query.where(*_of(pacticipant, numbers)))


def known_branches(connection: Connection, pacticipant: str, numbers: Sequence[str]) -> dict[str, set[str]]:
    """Give the names of the branches on which versions are here, by their number."""
    query = select(versions.c.number, branches.c.name).select_from(branch_versions)
    query = query.join(versions, versions.c.id == branch_versions.c.version_id)
    query = query.join(branches, branches.c.id == branch_versions.c.branch_id)
    return _by_number(connection, query.where(*_of(pacticipant, numbers)))


def known_pacts(connection: Connection, consumer: str, numbers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Give the sha of each pact that consumer versions have here, by number and provider."""
    owner = pacticipants.alias()
    query = (
        select(versions.c.number, owner.c.name, contents.c.sha)
        .select_from(publications)
        .join(versions, versions.c.id == publications.c.consumer_version_id)
        .join(contents, contents.c.id == publications.c.content_id)
        .join(owner, owner.c.id == publications.c.provider_id)
        .where(publications.c.is_latest, *_of(consumer, numbers))
    )
    found: dict[str, dict[str, str]] = {}
    for number, provider, sha in connection.execute(query):
        found.setdefault(number, {})[provider] = sha
    return found


def put_pact(
    connection: Connection, consumer_id: int, version_id: int, provider_id: int, sha: str, raw: bytes, created_at: datetime
) -> None:
    """Write a pact under a consumer version that has none with this provider yet."""
    pair = {"consumer_id": consumer_id, "provider_id": provider_id}
    content_id = _put(connection, contents, {**pair, "sha": sha}, {}, {"bytes": raw, "created_at": created_at})
    owner = {"consumer_version_id": version_id, "provider_id": provider_id, "revision": 1}
    new = {"consumer_id": consumer_id, "content_id": content_id, "is_latest": True, "created_at": created_at}
    _put(connection, publications, owner, {}, new)
    dates = {"created_at": created_at, "contract_data_updated_at": created_at}
    integration_id = _put(connection, integrations, pair, {}, dates)
    row = connection.execute(select(integrations).where(integrations.c.id == integration_id)).one()
    if row.contract_data_updated_at < created_at:
        _settle(connection, integrations, integration_id, {"contract_data_updated_at": created_at})


def content_id(connection: Connection, consumer: str, provider: str, sha: str) -> int | None:
    """Find a content."""
    consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
    query = (
        select(contents.c.id)
        .join(consumers, consumers.c.id == contents.c.consumer_id)
        .join(providers, providers.c.id == contents.c.provider_id)
        .where(consumers.c.name == consumer, providers.c.name == provider, contents.c.sha == sha)
    )
    return connection.execute(query).scalar()


def known_results(connection: Connection, of_content: int) -> Counter[ResultKey]:
    """Count the results of a content that are here."""
    columns = (verifications.c.provider_version_id, verifications.c.success, verifications.c.created_at)
    query = select(*columns).where(verifications.c.content_id == of_content)
    return Counter((int(row[0]), bool(row[1]), row[2]) for row in connection.execute(query))


def add_result(connection: Connection, of_content: int, provider_version_id: int, verified_at: datetime, values: Values) -> None:
    """Write a result, with the tags that the provider version had at that moment."""
    pair = connection.execute(select(contents.c.consumer_id, contents.c.provider_id).where(contents.c.id == of_content)).one()
    owner = {"consumer_id": pair[0], "provider_id": pair[1], "content_id": of_content}
    stored = {name: _json(value) if name in {"test_results", "verified_by"} else value for name, value in values.items()}
    more = {"provider_version_id": provider_version_id, "created_at": verified_at, "consumer_version_numbers": "[]"}
    number = add(connection, verifications, **owner, **more, **stored)
    tagged = select(tags.c.name).where(tags.c.version_id == provider_version_id, tags.c.created_at <= verified_at)
    for tag in connection.execute(tagged).scalars().all():
        connection.execute(verification_tags.insert().values(verification_id=number, tag=tag))


def version_ids(connection: Connection, pacticipant: str, numbers: Sequence[str]) -> dict[str, int]:
    """Find versions by their numbers."""
    query = select(versions.c.number, versions.c.id).where(*_of(pacticipant, numbers))
    return {number: int(found) for number, found in connection.execute(query)}


def put_deployment(connection: Connection, uuid: str, created_at: datetime, values: Values) -> None:
    """Write a deployment, by its uuid."""
    _put(connection, deployed_versions, {"uuid": uuid}, {"created_at": created_at, **values})


def put_release(connection: Connection, uuid: str, version_id: int, environment_id: int, values: Values) -> None:
    """Write a release, by version and environment."""
    _put(connection, released_versions, {"version_id": version_id, "environment_id": environment_id}, {"uuid": uuid, **values})


def _put(connection: Connection, table: Table, key: Values, values: Values, first: Values | None = None) -> int:
    """Write a row, by a unique key; gives its id. `first` holds what is set only when the row is new."""
    found = connection.execute(select(table.c.id).where(*_equal(table, key))).scalar()
    if found is None:
        return add(connection, table, **key, **values, **(first or {}))
    _settle(connection, table, int(found), values)
    return int(found)


def _settle(connection: Connection, table: Table, row_id: int, values: Values) -> None:
    """Let a row have these values; nothing is written when it has them."""
    if not values:
        return
    row = connection.execute(select(*(table.c[name] for name in values)).where(table.c.id == row_id)).one()
    changed = {name: value for (name, value), known in zip(values.items(), row, strict=True) if value != known}
    if changed:
        connection.execute(update(table).where(table.c.id == row_id).values(**changed))


def _equal(table: Table, key: Values) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]


def _of(pacticipant: str, numbers: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    owner = select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    return versions.c.pacticipant_id == owner, versions.c.number.in_(numbers)


def _by_number(connection: Connection, query: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for number, name in connection.execute(query):
        found.setdefault(number, set()).add(name)
    return found


def _is_used(connection: Connection, environment_id: int) -> bool:
    return any(
        connection.execute(select(func.count()).select_from(table).where(table.c.environment_id == environment_id)).scalar_one()
        for table in (deployed_versions, released_versions)
    )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
