"""Results of verifications. A result's id is its public number and its order: the last one counts."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Label,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    union_all,
)

from saga_broker.http.hal import dump
from saga_broker.rows import Publication, Verification, Version
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import add
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    contents,
    deployed_versions,
    environments,
    pacticipants,
    released_versions,
    tags,
    verification_tags,
    verifications,
    versions,
)
from saga_broker.store.database.types import now

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


@dataclass(frozen=True, slots=True)
class NewVerification:
    """A result as it comes in.

    Attributes:
        success: Whether the provider version keeps the pact.
        build_url: Where it was verified.
        test_results: Any JSON; None for nothing.
        verified_by: What verified it.
        wip: The pact was verified as work in progress.
        pact_pending: Whether the pact was pending; None when not known.
        consumer_version_numbers: The consumer versions for which the pact was selected.
    """

    success: bool
    build_url: str | None = None
    test_results: Any = None
    verified_by: Any = None
    wip: bool = False
    pact_pending: bool | None = None
    consumer_version_numbers: tuple[str, ...] = field(default=())


def record(connection: Connection, pact: Publication, provider_version: Version, new: NewVerification) -> Verification:
    """Store a result, with the tags that the provider version has at this moment."""
    number = add(
        connection,
        verifications,
        consumer_id=pact.consumer_id,
        provider_id=pact.provider_id,
        content_id=pact.content_id,
        provider_version_id=provider_version.id,
        success=new.success,
        wip=new.wip,
        pact_pending=new.pact_pending,
        consumer_version_numbers=json.dumps(new.consumer_version_numbers),
        build_url=new.build_url,
        test_results=_json(new.test_results),
        verified_by=_json(new.verified_by),
        created_at=now(),
    )
    _KEEP_TAGS.run(connection, verification_id=number, version_id=provider_version.id)
    found = find(connection, number)
    assert found is not None  # noqa: S101  (added just now)
    return found


def find(connection: Connection, number: int) -> Verification | None:
    """Find a result by its number."""
    return _BY_NUMBER.first(connection, id=number)


def latest_of_contents(connection: Connection, content_ids: list[int]) -> dict[int, Verification]:
    """Give the last result of each content, by content id; contents without one are missing."""
    return {result.content_id: result for result in _LATEST_OF_CONTENTS.all(connection, ids=content_ids)}


def latest_on_main_branch(connection: Connection, content_id: int) -> Verification | None:
    """Give the last result of a content by a version on the provider's main branch."""
    return _LATEST_ON_MAIN_BRANCH.first(connection, content_id=content_id)


def last_outcome(connection: Connection, content_id: int, provider_version_id: int) -> bool | None:
    """Tell how the last verification of a content by a provider version ended; None when there was none."""
    found = _LAST_OUTCOME.scalar(connection, content_id=content_id, provider_version_id=provider_version_id)
    return None if found is None else bool(found)


def last_test_results(connection: Connection, content_id: int, provider_version_id: int) -> str | None:
    """Give what the last verification of a content by a provider version told of each interaction, as JSON."""
    found = _LAST_TEST_RESULTS.scalar(connection, content_id=content_id, provider_version_id=provider_version_id)
    return None if found is None else str(found)


def lacking(connection: Connection, provider_id: int, content_id: int) -> dict[str, tuple[str, ...]]:
    """Give the provider versions that matter and have no result for a content: main branch head, deployed or released.

    Returns:
        By number, why each of them matters, in words.
    """
    found: dict[str, tuple[str, ...]] = {}
    for kind, number, place, _ in _LACKING.all(connection, provider_id=provider_id, content_id=content_id):
        text = f"{_WHY[kind]} {place}" if place is not None else _WHY[kind]
        found[number] = (*found.get(number, ()), *(() if text in found.get(number, ()) else (text,)))
    return found


def exists_for_pair(connection: Connection, consumer_id: int, provider_id: int) -> bool:
    """Tell whether the provider ever published a result for this consumer."""
    return _OF_PAIR.scalar(connection, consumer_id=consumer_id, provider_id=provider_id) is not None


def remove(connection: Connection, result: Verification) -> None:
    """Delete a result."""
    connection.execute(delete(verifications).where(verifications.c.id == result.id))


def verification_query() -> Select[Any]:
    """Select results with the columns of the record `Verification`."""
    table = verifications.c
    return (
        select(
            table.id,
            table.consumer_id,
            consumers.c.name.label("consumer"),
            table.provider_id,
            providers.c.name.label("provider"),
            table.content_id,
            contents.c.sha,
            table.provider_version_id,
            versions.c.number.label("provider_version"),
            table.success,
            table.wip,
            table.pact_pending,
            table.build_url,
            table.test_results,
            table.verified_by,
            table.created_at,
        )
        .select_from(verifications)
        .join(consumers, consumers.c.id == table.consumer_id)
        .join(providers, providers.c.id == table.provider_id)
        .join(contents, contents.c.id == table.content_id)
        .join(versions, versions.c.id == table.provider_version_id)
    )


def _json(value: Any) -> str | None:
    return None if value is None else dump(value).decode()


def _lacking() -> CompoundSelect[Any]:
    """Select, in one question, for each way in which a provider version matters, those that have no result for a content."""
    of_provider: ColumnElement[int] = bindparam("provider_id", type_=Integer)
    head = (
        select(_kind(0), versions.c.number, cast(null(), Text).label("place"), branch_heads.c.branch_id.label("row"))
        .join(branches, branches.c.id == branch_heads.c.branch_id)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .join(versions, versions.c.id == branch_heads.c.version_id)
        .where(branches.c.pacticipant_id == of_provider, branches.c.name == pacticipants.c.main_branch)
        .where(_has_no_result(branch_heads.c.version_id))
    )
    queries = [head]
    for kind, table, ended in (
        (1, deployed_versions, deployed_versions.c.undeployed_at),
        (2, released_versions, released_versions.c.support_ended_at),
    ):
        live = (
            select(_kind(kind), versions.c.number, environments.c.name.label("place"), table.c.id.label("row"))
            .join(versions, versions.c.id == table.c.version_id)
            .join(environments, environments.c.id == table.c.environment_id)
            .where(table.c.pacticipant_id == of_provider, ended.is_(None), _has_no_result(table.c.version_id))
        )
        queries.append(live)
    every = union_all(*queries)
    return every.order_by("kind", "row")


def _kind(number: int) -> Label[int]:
    return literal_column(str(number), Integer).label("kind")


def _has_no_result(version_id: ColumnElement[int]) -> ColumnElement[bool]:
    same = (verifications.c.content_id == bindparam("content_id"), verifications.c.provider_version_id == version_id)
    return ~select(verifications.c.id).where(*same).correlate(version_id.table).exists()


_WHY = ("latest from main branch", "deployed in", "released in")
_LACKING = Prepared(_lacking())
_BY_NUMBER = Prepared(verification_query().where(verifications.c.id == bindparam("id")), Verification)
_LAST = select(func.max(verifications.c.id)).where(among(verifications.c.content_id, "ids")).group_by(verifications.c.content_id)
_LATEST_OF_CONTENTS = Prepared(verification_query().where(verifications.c.id.in_(_LAST)), Verification)
_ON_MAIN_BRANCH = (
    select(branch_versions.c.id)
    .join(branches, branches.c.id == branch_versions.c.branch_id)
    .where(branch_versions.c.version_id == verifications.c.provider_version_id, branches.c.name == providers.c.main_branch)
    .correlate(verifications, providers)
    .exists()
)
_LATEST_ON_MAIN_BRANCH = Prepared(
    verification_query()
    .where(verifications.c.content_id == bindparam("content_id"), _ON_MAIN_BRANCH)
    .order_by(verifications.c.id.desc())
    .limit(1),
    Verification,
)
_LAST_OF_VERSION = (
    select(verifications.c.id)
    .where(
        verifications.c.content_id == bindparam("content_id"),
        verifications.c.provider_version_id == bindparam("provider_version_id"),
    )
    .order_by(verifications.c.id.desc())
    .limit(1)
)
_LAST_OUTCOME = Prepared(_LAST_OF_VERSION.with_only_columns(verifications.c.success))
_LAST_TEST_RESULTS = Prepared(_LAST_OF_VERSION.with_only_columns(verifications.c.test_results))
_OF_PAIR = Prepared(
    select(verifications.c.id)
    .where(verifications.c.consumer_id == bindparam("consumer_id"), verifications.c.provider_id == bindparam("provider_id"))
    .limit(1)
)
_KEEP_TAGS = Prepared(
    insert(verification_tags).from_select(
        ["verification_id", "tag"],
        select(cast(bindparam("verification_id"), Integer), tags.c.name).where(tags.c.version_id == bindparam("version_id")),
    )
)
