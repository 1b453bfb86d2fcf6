"""Rows as another broker has them, with their dates.

Writing the same row again changes nothing. What was changed here later than there stays as it is here: nothing that ended lives
again, nothing that is the newest becomes older. The order of what comes late is kept by `order`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from saga_broker.http.hal import dump
from saga_broker.store.database.query import add
from saga_broker.store.database.schema import (
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
from saga_broker.store.imported.import_rows import Values, put, settle
from saga_broker.store.imported.order import Late, place

FIRST_ENVIRONMENTS = ("test", "production")
ResultKey = tuple[int, bool, datetime]
"""A result of a content: provider version, success, moment. Several results may have the same one."""


def put_environment(connection: Connection, uuid: str, name: str, created_at: datetime, values: Values) -> int:
    """Write an environment, by its name; it becomes theirs unless something is deployed or released there already."""
    environment_id, is_new = put(connection, environments, {"name": name}, created_at, values, {"uuid": uuid})
    if not is_new and not _is_used(connection, environment_id):
        settle(connection, environments, environment_id, {"uuid": uuid, "created_at": created_at, **values})
    return environment_id


def remove_first_environments(connection: Connection, theirs: Collection[str]) -> None:
    """Delete the environments that a new broker has by itself, when the other broker does not have them and nobody used them."""
    made = select(environments.c.id, environments.c.name, environments.c.display_name).where(
        environments.c.name.in_(FIRST_ENVIRONMENTS), environments.c.updated_at.is_(None), environments.c.contacts.is_(None)
    )
    for row in connection.execute(made).all():
        if row.name not in theirs and row.display_name == row.name.capitalize() and not _is_used(connection, row.id):
            connection.execute(delete(environments).where(environments.c.id == row.id))


def put_pacticipant(connection: Connection, name: str, created_at: datetime, values: Values) -> int:
    """Write a pacticipant, by its name."""
    return put(connection, pacticipants, {"name": name}, created_at, values)[0]


def put_label(connection: Connection, pacticipant_id: int, name: str, created_at: datetime) -> None:
    """Write a label, by its name."""
    put(connection, labels, {"pacticipant_id": pacticipant_id, "name": name}, created_at, {})


def put_version(
    connection: Connection, pacticipant_id: int, number: str, created_at: datetime, values: Values
) -> tuple[int, bool]:
    """Write a version, by its number; gives its id, and whether it is new here."""
    return put(connection, versions, {"pacticipant_id": pacticipant_id, "number": number}, created_at, values)


def place_versions(connection: Connection, pacticipant_id: int, late: Sequence[Late]) -> None:
    """Put new versions of a pacticipant where they belong among those that are here."""
    place(connection, versions, versions.c.pacticipant_id == pacticipant_id, late)


def put_branch(connection: Connection, pacticipant_id: int, name: str, created_at: datetime, values: Values) -> int:
    """Write a branch, by its name."""
    return put(connection, branches, {"pacticipant_id": pacticipant_id, "name": name}, created_at, values)[0]


def put_on_branch(connection: Connection, branch_id: int, version_id: int, created_at: datetime) -> int | None:
    """Put a version on a branch; gives the id of its place, None when it was there."""
    place_id, is_new = put(connection, branch_versions, {"branch_id": branch_id, "version_id": version_id}, created_at, {})
    if not is_new:
        return None
    if connection.execute(select(branch_heads.c.version_id).where(branch_heads.c.branch_id == branch_id)).scalar() is None:
        connection.execute(branch_heads.insert().values(branch_id=branch_id, version_id=version_id))
    return place_id


def place_on_branch(connection: Connection, branch_id: int, late: Sequence[Late]) -> None:
    """Put new places on a branch where they belong among those that are here."""
    place(connection, branch_versions, branch_versions.c.branch_id == branch_id, late)


def move_head(connection: Connection, branch_id: int, version_id: int, theirs: Collection[str]) -> None:
    """Make a version the head of its branch, unless the head is one that only this broker has and that came later.

    Args:
        connection: The database.
        branch_id: The branch.
        version_id: Its head in the other broker.
        theirs: Numbers of the versions that are on the branch there.
    """
    added = select(versions.c.number, branch_versions.c.created_at).join(versions, versions.c.id == branch_versions.c.version_id)
    added = added.where(branch_versions.c.branch_id == branch_id)
    head = select(branch_heads.c.version_id).where(branch_heads.c.branch_id == branch_id).scalar_subquery()
    number, since = connection.execute(added.where(branch_versions.c.version_id == head)).one()
    _, at = connection.execute(added.where(branch_versions.c.version_id == version_id)).one()
    if number in theirs or since <= at:
        connection.execute(update(branch_heads).where(branch_heads.c.branch_id == branch_id).values(version_id=version_id))


def put_tag(connection: Connection, pacticipant_id: int, version_id: int, name: str, created_at: datetime) -> None:
    """Write a tag, by its name."""
    put(connection, tags, {"version_id": version_id, "name": name}, created_at, {}, {"pacticipant_id": pacticipant_id})


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
    content_id, _ = put(connection, contents, {**pair, "sha": sha}, created_at, {}, {"bytes": raw})
    owner = {"consumer_version_id": version_id, "provider_id": provider_id, "revision": 1}
    new = {"consumer_id": consumer_id, "content_id": content_id, "is_latest": True}
    put(connection, publications, owner, created_at, {}, new)
    put(connection, integrations, pair, created_at, {}, {"contract_data_updated_at": created_at})
    _touch(connection, consumer_id, provider_id, created_at)


def order_integrations(connection: Connection, oldest_first: Sequence[tuple[str, str]]) -> None:
    """Let integrations whose contracts changed in one second stand in the other broker's order, by parts of the second."""
    consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
    changed = integrations.c.contract_data_updated_at
    query = select(consumers.c.name, providers.c.name, integrations.c.id, changed)
    query = query.join(consumers, consumers.c.id == integrations.c.consumer_id)
    query = query.join(providers, providers.c.id == integrations.c.provider_id)
    here = {(row[0], row[1]): (int(row[2]), row[3]) for row in connection.execute(query)}
    last: datetime | None = None
    for pair in oldest_first:
        row_id, at = here.get(pair, (0, None))
        if at is None:
            continue
        if last is not None and last - timedelta(seconds=1) < at <= last:
            at = last + timedelta(microseconds=1)
            settle(connection, integrations, row_id, {"contract_data_updated_at": at})
        last = at if last is None else max(last, at)


def has_pacticipants(connection: Connection) -> bool:
    """Tell whether anything was ever stored here."""
    return connection.execute(select(pacticipants.c.id).limit(1)).first() is not None


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


def add_result(connection: Connection, of_content: int, provider_version_id: int, verified_at: datetime, values: Values) -> int:
    """Write a result, with the tags that the provider version had at that moment; gives its number."""
    pair = connection.execute(select(contents.c.consumer_id, contents.c.provider_id).where(contents.c.id == of_content)).one()
    owner = {"consumer_id": pair[0], "provider_id": pair[1], "content_id": of_content}
    stored = {name: _json(value) if name in {"test_results", "verified_by"} else value for name, value in values.items()}
    more = {"provider_version_id": provider_version_id, "created_at": verified_at, "consumer_version_numbers": "[]"}
    number = add(connection, verifications, **owner, **more, **stored)
    _touch(connection, pair[0], pair[1], verified_at)
    tagged = select(tags.c.name).where(tags.c.version_id == provider_version_id, tags.c.created_at <= verified_at)
    for tag in connection.execute(tagged).scalars().all():
        connection.execute(verification_tags.insert().values(verification_id=number, tag=tag))
    return number


def place_results(connection: Connection, of_content: int, late: Sequence[Late]) -> None:
    """Put new results of a content where they belong among those that are here: they change their numbers."""
    place(connection, verifications, verifications.c.content_id == of_content, late)


def version_ids(connection: Connection, pacticipant: str, numbers: Sequence[str]) -> dict[str, int]:
    """Find versions by their numbers."""
    query = select(versions.c.number, versions.c.id).where(*_of(pacticipant, numbers))
    return {number: int(found) for number, found in connection.execute(query)}


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
    return None if value is None else dump(value).decode()


def _touch(connection: Connection, consumer_id: int, provider_id: int, moment: datetime) -> None:
    """Let the contract data of a pair be as new as what came."""
    pair = (integrations.c.consumer_id == consumer_id, integrations.c.provider_id == provider_id)
    older = update(integrations).where(*pair, integrations.c.contract_data_updated_at < moment)
    connection.execute(older.values(contract_data_updated_at=moment))
