"""Results of verifications. A result's id is its public number and its order: the last one counts."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from saga_broker.rows import Publication, Verification, Version
from saga_broker.store.query import add, fetch, first
from saga_broker.store.schema import (
    branch_heads,
    branches,
    contents,
    deployed_versions,
    pacticipants,
    released_versions,
    tags,
    verification_tags,
    verifications,
    versions,
)
from saga_broker.store.types import now

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
    tagged = select(tags.c.name).where(tags.c.version_id == provider_version.id)
    for tag in connection.execute(tagged).scalars().all():
        connection.execute(verification_tags.insert().values(verification_id=number, tag=tag))
    found = find(connection, number)
    assert found is not None  # noqa: S101  (added just now)
    return found


def find(connection: Connection, number: int) -> Verification | None:
    """Find a result by its number."""
    return first(connection, verification_query().where(verifications.c.id == number), Verification)


def latest_of_contents(connection: Connection, content_ids: list[int]) -> dict[int, Verification]:
    """Give the last result of each content, by content id; contents without one are missing."""
    last = select(func.max(verifications.c.id)).where(verifications.c.content_id.in_(content_ids))
    query = verification_query().where(verifications.c.id.in_(last.group_by(verifications.c.content_id)))
    return {result.content_id: result for result in fetch(connection, query, Verification)}


def last_outcome(connection: Connection, content_id: int, provider_version_id: int) -> bool | None:
    """Tell how the last verification of a content by a provider version ended; None when there was none."""
    table = verifications.c
    same = (table.content_id == content_id, table.provider_version_id == provider_version_id)
    found = connection.execute(select(table.success).where(*same).order_by(table.id.desc()).limit(1)).scalar()
    return None if found is None else bool(found)


def lacks_result(connection: Connection, provider_id: int, content_id: int) -> bool:
    """Tell whether a provider version that matters has no result for a content: main branch head, deployed or released."""
    verified = select(verifications.c.provider_version_id).where(verifications.c.content_id == content_id)
    heads = (
        select(branch_heads.c.version_id)
        .join(branches, branches.c.id == branch_heads.c.branch_id)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .where(branches.c.pacticipant_id == provider_id, branches.c.name == pacticipants.c.main_branch)
    )
    deployed, released = deployed_versions.c, released_versions.c
    here = select(deployed.version_id).where(deployed.pacticipant_id == provider_id, deployed.undeployed_at.is_(None))
    out = select(released.version_id).where(released.pacticipant_id == provider_id, released.support_ended_at.is_(None))
    for query in (heads, here, out):
        column = query.selected_columns.version_id
        if connection.execute(query.where(column.not_in(verified)).limit(1)).scalar() is not None:
            return True
    return False


def exists_for_pair(connection: Connection, consumer_id: int, provider_id: int) -> bool:
    """Tell whether the provider ever published a result for this consumer."""
    query = select(verifications.c.id).where(
        verifications.c.consumer_id == consumer_id,
        verifications.c.provider_id == provider_id,
    )
    return connection.execute(query.limit(1)).scalar() is not None


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
    return None if value is None else json.dumps(value, ensure_ascii=False)
