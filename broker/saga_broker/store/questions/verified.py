"""Tells which contents a provider's branch or tag has verified: what is pending, and what is work in progress, hangs on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import branch_versions, branches, contents, tags, verification_tags, verifications
from saga_broker.store.database.types import UtcDateTime, now


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who is going to verify.

    Attributes:
        provider_id: The provider.
        provider: Its name.
        branch: Its version's branch.
        tags: Its version's tags; looked at when there is no branch.
    """

    provider_id: int
    provider: str
    branch: str | None
    tags: tuple[str, ...]


def verified(
    connection: Connection, verifier: Verifier, content_ids: Iterable[int], days: int | None, *, count_wip: bool
) -> set[int]:
    """Give those contents that were verified successfully by this branch or tag, or by another one before this one came to be.

    Args:
        connection: The database.
        verifier: With one tag at most.
        content_ids: The contents that are asked about.
        days: How far back results of another branch or tag count; None for all.
        count_wip: Whether results for work in progress count.
    """
    asked = set(content_ids)
    if verifier.branch:
        key, born = _BRANCH.first(connection, owner=verifier.provider_id, name=verifier.branch) or (0, None)
        own: dict[str, Any] = {"branch": key}
    elif verifier.tags:
        born = _TAG_SINCE.scalar(connection, owner=verifier.provider_id, name=verifier.tags[0])
        own = {"tag": verifier.tags[0]}
    else:
        return set(_of_anybody(count_wip=count_wip).scalars(connection, ids=asked))
    kind = next(iter(own))
    found = set(_of_own(kind, count_wip=count_wip).scalars(connection, ids=asked, **own))
    times = {"born": born, "since": None if days is None else now() - timedelta(days=days)}
    bounds = tuple(name for name, moment in times.items() if moment is not None)
    if asked - found:
        other = _of_others(kind, bounds, count_wip=count_wip)
        found.update(other.scalars(connection, ids=asked - found, **own, **{name: times[name] for name in bounds}))
    return found


@cache
def _of_anybody(*, count_wip: bool) -> Prepared[tuple[Any, ...]]:
    return _contents_with(_successes(count_wip=count_wip))


@cache
def _of_own(kind: str, *, count_wip: bool) -> Prepared[tuple[Any, ...]]:
    """Prepare the search by the branch, or by the tag as it was when the result came."""
    if kind == "branch":
        by = _ON_BRANCH.where(branch_versions.c.branch_id == bindparam("branch"))
    else:
        kept = select(verification_tags.c.tag).where(verification_tags.c.verification_id == verifications.c.id)
        by = kept.where(verification_tags.c.tag == bindparam("tag"))
    return _contents_with(_successes(count_wip=count_wip).where(by.correlate(verifications).exists()))


@cache
def _of_others(kind: str, bounds: tuple[str, ...], *, count_wip: bool) -> Prepared[tuple[Any, ...]]:
    """Prepare the search by another branch, or by another tag as they are now."""
    if kind == "branch":
        by = _ON_BRANCH.where(branch_versions.c.branch_id != bindparam("branch"))
    else:
        tagged = select(tags.c.id).where(tags.c.version_id == verifications.c.provider_version_id)
        by = tagged.where(tags.c.name != bindparam("tag"))
    other = _successes(count_wip=count_wip).where(by.correlate(verifications).exists())
    moment = verifications.c.created_at
    compared: dict[str, ColumnElement[bool]] = {
        "born": moment < bindparam("born", type_=UtcDateTime),
        "since": moment > bindparam("since", type_=UtcDateTime),
    }
    return _contents_with(other.where(*(compared[name] for name in bounds)))


def _successes(*, count_wip: bool) -> Select[Any]:
    found = select(verifications.c.id).where(verifications.c.content_id == contents.c.id, verifications.c.success)
    return found if count_wip else found.where(~verifications.c.wip)


def _contents_with(result: Select[Any]) -> Prepared[tuple[Any, ...]]:
    one = result.limit(1).correlate(contents).scalar_subquery()  # with a limit: the first that is found ends the search
    return Prepared(select(contents.c.id).where(among(contents.c.id, "ids"), one.is_not(None)))


_ON_BRANCH = select(branch_versions.c.id).where(branch_versions.c.version_id == verifications.c.provider_version_id)
_BRANCH = Prepared(
    select(branches.c.id, branches.c.created_at).where(
        branches.c.pacticipant_id == bindparam("owner"), branches.c.name == bindparam("name")
    )
)
_TAG_SINCE = Prepared(
    select(func.min(tags.c.created_at, type_=UtcDateTime)).where(
        tags.c.pacticipant_id == bindparam("owner"), tags.c.name == bindparam("name")
    )
)
