"""Which versions of a provider matter, and which contents have no result yet."""

from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, Integer, bindparam, select, union

from saga_broker.jobs.planning import Standing
from saga_broker.store.database.job_tables import announcements
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.schema import (
    branch_heads,
    branch_versions,
    branches,
    contents,
    deck_results,
    deployed_versions,
    pacticipants,
    publications,
    released_versions,
    verifications,
    versions,
)


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a pact."""

    id: int
    consumer: str
    sha: str


def standing(connection: Connection, version_id: int) -> Standing:
    """Tell what a version is now."""
    found = {name: statement.scalar(connection, version_id=version_id) is not None for name, statement in _STANDING.items()}
    return Standing(
        is_main_head=found["main"],
        is_live=found["deployed"] or found["released"],
        is_head=found["head"] or not found["branch"],
    )


def versions_that_matter(connection: Connection, provider_id: int) -> list[tuple[int, str, bool]]:
    """Give the head of the main branch and what is deployed or released: id, number, and whether it was announced."""
    return [(number, text, announced is not None) for number, text, announced in _MATTER.all(connection, provider_id=provider_id)]


def content(connection: Connection, consumer: str, provider: str, sha: str) -> Content | None:
    """Find a content."""
    return _CONTENT.first(connection, consumer=consumer, provider=provider, sha=sha)


def has_result(connection: Connection, content_id: int, version_id: int) -> bool:
    """Tell whether a version has any result for a content."""
    return _RESULT.scalar(connection, content_id=content_id, version_id=version_id) is not None


def has_deck_result(connection: Connection, step: str, sha: str, version_id: int, derivation: int) -> bool:
    """Tell whether a version has a result for a step's slice, of this derivation."""
    values = {"step": step, "sha": sha, "version_id": version_id, "derivation": derivation}
    return _DECK_RESULT.scalar(connection, **values) is not None


def is_current(connection: Connection, content_id: int) -> bool:
    """Tell whether a content is that of a branch's head, of a version on no branch, or of one that is deployed or released."""
    return _CURRENT.scalar(connection, content_id=content_id) is not None


_VERSION: BindParameter[int] = bindparam("version_id", type_=Integer)
_STANDING = {
    "main": Prepared(
        select(branch_heads.c.version_id)
        .join(branches, branches.c.id == branch_heads.c.branch_id)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .where(branch_heads.c.version_id == _VERSION, branches.c.name == pacticipants.c.main_branch)
    ),
    "head": Prepared(select(branch_heads.c.version_id).where(branch_heads.c.version_id == _VERSION).limit(1)),
    "branch": Prepared(select(branch_versions.c.id).where(branch_versions.c.version_id == _VERSION).limit(1)),
    "deployed": Prepared(
        select(deployed_versions.c.id)
        .where(deployed_versions.c.version_id == _VERSION, deployed_versions.c.undeployed_at.is_(None))
        .limit(1)
    ),
    "released": Prepared(
        select(released_versions.c.id)
        .where(released_versions.c.version_id == _VERSION, released_versions.c.support_ended_at.is_(None))
        .limit(1)
    ),
}
_PROVIDER: BindParameter[int] = bindparam("provider_id", type_=Integer)
_MATTERING = union(
    select(branch_heads.c.version_id)
    .join(branches, branches.c.id == branch_heads.c.branch_id)
    .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    .where(branches.c.pacticipant_id == _PROVIDER, branches.c.name == pacticipants.c.main_branch),
    select(deployed_versions.c.version_id).where(
        deployed_versions.c.pacticipant_id == _PROVIDER, deployed_versions.c.undeployed_at.is_(None)
    ),
    select(released_versions.c.version_id).where(
        released_versions.c.pacticipant_id == _PROVIDER, released_versions.c.support_ended_at.is_(None)
    ),
)
_MATTER = Prepared(
    select(versions.c.id, versions.c.number, announcements.c.id)
    .outerjoin(announcements, announcements.c.version_id == versions.c.id)
    .where(versions.c.id.in_(_MATTERING))
    .order_by(versions.c.id)
)
_consumers, _providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
_CONTENT = Prepared(
    select(contents.c.id, _consumers.c.name, contents.c.sha)
    .join(_consumers, _consumers.c.id == contents.c.consumer_id)
    .join(_providers, _providers.c.id == contents.c.provider_id)
    .where(_consumers.c.name == bindparam("consumer"), _providers.c.name == bindparam("provider"))
    .where(contents.c.sha == bindparam("sha")),
    Content,
)
_RESULT = Prepared(
    select(verifications.c.id)
    .where(verifications.c.content_id == bindparam("content_id"), verifications.c.provider_version_id == _VERSION)
    .limit(1)
)
_DECK_RESULT = Prepared(
    select(deck_results.c.id)
    .where(deck_results.c.step == bindparam("step"), deck_results.c.sha == bindparam("sha"))
    .where(deck_results.c.provider_version_id == _VERSION, deck_results.c.derivation == bindparam("derivation"))
    .limit(1)
)
_id = publications.c.consumer_version_id
_CURRENT = Prepared(
    select(publications.c.id)
    .where(publications.c.content_id == bindparam("content_id"), publications.c.is_latest)
    .where(
        select(branch_heads.c.branch_id).where(branch_heads.c.version_id == _id).exists()
        | ~select(branch_versions.c.id).where(branch_versions.c.version_id == _id).exists()
        | select(deployed_versions.c.id)
        .where(deployed_versions.c.version_id == _id, deployed_versions.c.undeployed_at.is_(None))
        .exists()
        | select(released_versions.c.id)
        .where(released_versions.c.version_id == _id, released_versions.c.support_ended_at.is_(None))
        .exists()
    )
    .limit(1)
)
