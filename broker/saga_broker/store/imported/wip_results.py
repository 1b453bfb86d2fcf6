"""Results that another broker had from work in progress: who may have some, and marking them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from saga_broker.store.database.schema import (
    branch_versions,
    branches,
    contents,
    pacticipants,
    tags,
    verification_tags,
    verifications,
)
from saga_broker.store.database.types import UtcDateTime
from saga_broker.store.questions.verified import Verifier

__all__ = ["Verifier", "mark", "verifiers"]


def verifiers(connection: Connection, since: datetime) -> list[Verifier]:
    """Give the branches and tags of providers that have verified something successfully since a moment."""
    recent = (verifications.c.success, ~verifications.c.wip, verifications.c.created_at > since)
    provider = verifications.join(pacticipants, pacticipants.c.id == verifications.c.provider_id)
    on_branch = provider.join(branch_versions, branch_versions.c.version_id == verifications.c.provider_version_id)
    on_branch = on_branch.join(branches, branches.c.id == branch_versions.c.branch_id)
    tagged = provider.join(verification_tags, verification_tags.c.verification_id == verifications.c.id)
    found = []
    for joined, name in ((on_branch, branches.c.name), (tagged, verification_tags.c.tag)):
        query = select(pacticipants.c.id, pacticipants.c.name, name).select_from(joined).where(*recent).distinct()
        for owner_id, owner, called in connection.execute(query.order_by(pacticipants.c.id, name)):
            is_branch = joined is on_branch
            found.append(Verifier(owner_id, owner, called if is_branch else None, () if is_branch else (called,)))
    return found


def mark(connection: Connection, verifier: Verifier, offered: Sequence[tuple[str, str]], since: datetime) -> int:
    """Mark the results that would keep contents from being offered as work in progress; only those that were imported.

    Args:
        connection: The database, open for writing.
        verifier: For whom the contents are offered.
        offered: Consumer and sha of each content.
        since: Older results are left alone.

    Returns:
        How many were marked.
    """
    marked = 0
    for consumer, sha in offered:
        content = (
            select(contents.c.id)
            .join(pacticipants, pacticipants.c.id == contents.c.consumer_id)
            .where(contents.c.provider_id == verifier.provider_id, contents.c.sha == sha, pacticipants.c.name == consumer)
        )
        table = verifications.c
        chosen = select(table.id, table.created_at).where(
            table.content_id.in_(content), table.success, ~table.wip, table.created_at > since, _counts(connection, verifier)
        )
        ids = [row.id for row in connection.execute(chosen) if row.created_at.microsecond == 0]  # ours have parts of a second
        connection.execute(update(verifications).where(table.id.in_(ids)).values(wip=True))
        marked += len(ids)
    return marked


def _counts(connection: Connection, verifier: Verifier) -> ColumnElement[bool]:
    """Choose results of the branch or tag itself, and those of others from before it came to be."""
    own: Any
    other: Any
    if verifier.branch:
        named = (branches.c.pacticipant_id == verifier.provider_id, branches.c.name == verifier.branch)
        born = connection.execute(select(branches.c.created_at).where(*named)).scalar()
        on = select(branch_versions.c.id).where(branch_versions.c.version_id == verifications.c.provider_version_id)
        key = select(branches.c.id).where(*named).scalar_subquery()
        own, other = on.where(branch_versions.c.branch_id == key), on.where(branch_versions.c.branch_id != key)
    else:
        first = select(func.min(tags.c.created_at, type_=UtcDateTime))
        born = connection.execute(
            first.where(tags.c.pacticipant_id == verifier.provider_id, tags.c.name == verifier.tags[0])
        ).scalar()
        kept = select(verification_tags.c.tag).where(verification_tags.c.verification_id == verifications.c.id)
        own = kept.where(verification_tags.c.tag == verifier.tags[0])
        other = select(tags.c.id).where(tags.c.version_id == verifications.c.provider_version_id, tags.c.name != verifier.tags[0])
    found: ColumnElement[bool] = own.correlate(verifications).exists()
    if born is not None:
        found |= other.correlate(verifications).exists() & (verifications.c.created_at < born)
    return found
