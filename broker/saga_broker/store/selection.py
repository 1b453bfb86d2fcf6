"""Finds the pacts that selectors mean, those that are work in progress, and whether a pact is pending."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, exists, func, select

from saga_broker.gate.selection import Chosen, Entry, Kind, PactSelector
from saga_broker.rows import Publication
from saga_broker.store import pacts as pact_store
from saga_broker.store.pacts import Which, consumers, providers, publication_query
from saga_broker.store.query import fetch
from saga_broker.store.schema import (
    branch_heads,
    branch_versions,
    branches,
    deployed_versions,
    environments,
    publications,
    released_versions,
    tags,
    verification_tags,
    verifications,
    versions,
)
from saga_broker.store.types import UtcDateTime, now

Found = list[tuple[Publication, Chosen]]


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


def select_pacts(connection: Connection, verifier: Verifier, selectors: Sequence[PactSelector]) -> Found:
    """Find the pacts that selectors mean; without selectors, the default selection."""
    if not selectors:
        return _default(connection, verifier.provider)
    found: Found = []
    for selector in selectors:
        chosen = _selected(connection, verifier, selector)
        if selector.consumer is not None:
            chosen = [pair for pair in chosen if pair[0].consumer == selector.consumer]
        found += chosen
    return found


def _selected(connection: Connection, verifier: Verifier, selector: PactSelector) -> Found:
    provider = verifier.provider
    if selector.main_branch:
        return _main(connection, provider, selector)
    if selector.matching_branch:
        return _heads(connection, provider, replace(selector, branch=verifier.branch), verifier.branch)
    if selector.branch is not None:
        return _branch(connection, provider, selector)
    if selector.deployed or selector.released or selector.deployed_or_released or selector.environment:
        return _live(connection, provider, selector)
    if selector.tag is not None:
        return _tagged(connection, provider, selector)
    pacts = pact_store.newest_of_each_pair(connection, Which(provider=provider))
    return [(pact, _chosen(Kind.LATEST, selector, pact)) for pact in pacts]


def _main(connection: Connection, provider: str, selector: PactSelector) -> Found:
    query = _on_heads(provider).where(branches.c.name == consumers.c.main_branch).add_columns(branches.c.name.label("found_by"))
    return [(pact, _chosen(Kind.MAIN, selector, pact, name)) for pact, name in _named(connection, query)]


def _branch(connection: Connection, provider: str, selector: PactSelector) -> Found:
    found = _heads(connection, provider, selector, selector.branch)
    if found or selector.fallback_branch is None:
        return found
    fallback = _heads(connection, provider, selector, selector.fallback_branch)
    return [(pact, replace(chosen, is_fallback=True)) for pact, chosen in fallback]


def _heads(connection: Connection, provider: str, selector: PactSelector, branch: str | Literal[True] | None) -> Found:
    query = _on_heads(provider).add_columns(branches.c.name.label("found_by"))
    if branch is not True:
        query = query.where(branches.c.name == branch)
    return [(pact, _chosen(Kind.BRANCH, selector, pact, name)) for pact, name in _named(connection, query)]


def _tagged(connection: Connection, provider: str, selector: PactSelector) -> Found:
    tag = selector.tag or ""
    if not selector.latest:
        pacts = pact_store.listing(connection, Which(provider=provider, tag=tag))
        return [(pact, _chosen(Kind.TAG, selector, pact, tag)) for pact in pacts]
    found = _latest_with_tag(connection, provider, selector, tag)
    if found or selector.fallback_tag is None:
        return found
    fallback = _latest_with_tag(connection, provider, selector, selector.fallback_tag)
    return [(pact, replace(chosen, is_fallback=True)) for pact, chosen in fallback]


def _latest_with_tag(connection: Connection, provider: str, selector: PactSelector, tag: str) -> Found:
    query = _pacts_of(provider).where(publications.c.consumer_version_id.in_(_newest_with_tag(tag)))
    return [(pact, _chosen(Kind.TAG_LATEST, selector, pact, tag)) for pact in fetch(connection, query, Publication)]


def _newest_with_tag(tag: str) -> Select[Any]:
    """Select the newest version with the tag of each pacticipant."""
    newest = select(func.max(tags.c.version_id)).join(versions, versions.c.id == tags.c.version_id)
    return newest.where(tags.c.name == tag).group_by(versions.c.pacticipant_id)


def _live(connection: Connection, provider: str, selector: PactSelector) -> Found:
    plain = not (selector.deployed or selector.released or selector.deployed_or_released)
    found: Found = []
    for wanted, table, ended, kind in (
        (not selector.released, deployed_versions, deployed_versions.c.undeployed_at, Kind.DEPLOYED),
        (not selector.deployed, released_versions, released_versions.c.support_ended_at, Kind.RELEASED),
    ):
        if not wanted:
            continue
        query = (
            _pacts_of(provider)
            .join(table, table.c.version_id == publications.c.consumer_version_id)
            .join(environments, environments.c.id == table.c.environment_id)
            .where(ended.is_(None))
            .add_columns(environments.c.name.label("found_by"))
        )
        if selector.environment is not None:
            query = query.where(environments.c.name == selector.environment)
        own = Kind.ENVIRONMENT if plain else kind
        found += [(pact, _chosen(own, selector, pact, name)) for pact, name in _named(connection, query)]
    return found


def _default(connection: Connection, provider: str) -> Found:
    """Choose, for each consumer, its main branch, and everything deployed or released.

    Main branch means: the head of that branch; when no version is on it, the newest version with a tag of that name; when there
    is none either, the newest pact.
    """
    nothing = PactSelector()
    found = [(pact, replace(chosen, by_default=True)) for pact, chosen in _main(connection, provider, nothing)]
    for pact in pact_store.newest_of_each_pair(connection, Which(provider=provider)):
        owner = select(consumers.c.main_branch).where(consumers.c.id == pact.consumer_id)
        main = connection.execute(owner).scalar()
        if main is not None and _has_version_on(connection, pact.consumer_id, main):
            continue
        tagged = [] if main is None else _tag_of(connection, provider, pact.consumer, main)
        found += tagged or [(pact, replace(_chosen(Kind.LATEST, nothing, pact), by_default=True))]
    live = _live(connection, provider, PactSelector(deployed_or_released=True))
    return [*found, *live]


def _tag_of(connection: Connection, provider: str, consumer: str, tag: str) -> Found:
    found = _latest_with_tag(connection, provider, PactSelector(tag=tag, latest=True), tag)
    return [(pact, replace(chosen, by_default=True)) for pact, chosen in found if pact.consumer == consumer]


def _has_version_on(connection: Connection, consumer_id: int, branch: str) -> bool:
    query = select(branch_heads.c.version_id).join(branches, branches.c.id == branch_heads.c.branch_id)
    query = query.where(branches.c.pacticipant_id == consumer_id, branches.c.name == branch)
    return connection.execute(query).scalar() is not None


def work_in_progress(connection: Connection, verifier: Verifier, since: datetime, days: int) -> Found:
    """Find pacts that are heads of a branch or tag, younger than a moment, and not yet verified by this provider branch or tags.

    Args:
        connection: The database.
        verifier: Who verifies.
        since: Publications must be younger.
        days: How far back results of other branches count.
    """
    candidates = _candidates(connection, verifier.provider, since)
    kinds = (Kind.BRANCH, Kind.TAG_LATEST) if verifier.branch else (Kind.TAG_LATEST, Kind.BRANCH)
    by: dict[str | None, Verifier] = {tag: replace(verifier, tags=(tag,)) for tag in verifier.tags}
    if verifier.branch:
        by = {None: verifier}
    return [
        (pact, replace(chosen, provider_tag=tag))
        for kind in kinds
        for tag, one in by.items()
        for pact, chosen in candidates
        if chosen.kind is kind and not is_verified(connection, one, pact.content_id, days, count_wip=False)
    ]


def _candidates(connection: Connection, provider: str, since: datetime) -> Found:
    nothing = PactSelector()
    young = publications.c.created_at > since
    heads = _on_heads(provider).where(young).add_columns(branches.c.name.label("found_by"))
    found = [(pact, _chosen(Kind.BRANCH, nothing, pact, name)) for pact, name in _named(connection, heads)]
    newer, newer_tag = versions.alias("newer"), tags.alias("newer_tag")
    later = exists().where(
        newer.c.pacticipant_id == publications.c.consumer_id,
        newer.c.id > publications.c.consumer_version_id,
        newer_tag.c.version_id == newer.c.id,
        newer_tag.c.name == tags.c.name,
    )
    tagged = _pacts_of(provider).join(tags, tags.c.version_id == publications.c.consumer_version_id).where(young, ~later)
    named = _named(connection, tagged.add_columns(tags.c.name.label("found_by")).order_by(tags.c.name))
    return [*found, *((pact, _chosen(Kind.TAG_LATEST, nothing, pact, name)) for pact, name in named)]


def pending_tags(connection: Connection, verifier: Verifier, entry: Entry, days: int) -> tuple[str, ...]:
    """Give the provider's tags for which a pact is pending; without tags, an entry "" when it is."""
    if verifier.branch or not verifier.tags:
        return () if is_verified(connection, verifier, entry.pact.content_id, days, count_wip=True) else ("",)
    each = [replace(verifier, tags=(tag,)) for tag in verifier.tags]
    return tuple(by.tags[0] for by in each if not is_verified(connection, by, entry.pact.content_id, days, count_wip=True))


def is_verified(connection: Connection, verifier: Verifier, content_id: int, days: int, *, count_wip: bool) -> bool:
    """Tell whether a content was verified successfully by this branch or tag, or by another one before this one came to be."""
    base = select(verifications.c.id).where(verifications.c.content_id == content_id, verifications.c.success)
    if not count_wip:
        base = base.where(~verifications.c.wip)
    if verifier.branch:
        own, other = _by_branch(connection, verifier, base, days)
    elif verifier.tags:
        own, other = _by_tag(connection, verifier.tags[0], verifier.provider_id, base, days)
    else:
        own, other = base, None
    found = connection.execute(own.limit(1)).scalar()
    if found is None and other is not None:
        found = connection.execute(other.limit(1)).scalar()
    return found is not None


def _by_branch(connection: Connection, verifier: Verifier, base: Select[Any], days: int) -> tuple[Select[Any], Select[Any]]:
    joined = base.join(branch_versions, branch_versions.c.version_id == verifications.c.provider_version_id)
    joined = joined.join(branches, branches.c.id == branch_versions.c.branch_id)
    born = select(branches.c.created_at).where(
        branches.c.pacticipant_id == verifier.provider_id,
        branches.c.name == verifier.branch,
    )
    other = joined.where(branches.c.name != verifier.branch)
    return joined.where(branches.c.name == verifier.branch), _before(connection, other, born, days)


def _by_tag(connection: Connection, tag: str, provider_id: int, base: Select[Any], days: int) -> tuple[Select[Any], Select[Any]]:
    """Select results by this tag (as it was when the result came), and by other tags (as they are now)."""
    own = base.join(verification_tags, verification_tags.c.verification_id == verifications.c.id)
    born = (
        select(func.min(tags.c.created_at, type_=UtcDateTime))
        .join(versions, versions.c.id == tags.c.version_id)
        .where(versions.c.pacticipant_id == provider_id, tags.c.name == tag)
    )
    other = base.join(tags, tags.c.version_id == verifications.c.provider_version_id).where(tags.c.name != tag)
    return own.where(verification_tags.c.tag == tag), _before(connection, other, born, days)


def _before(connection: Connection, query: Select[Any], born: Select[Any], days: int) -> Select[Any]:
    query = query.where(verifications.c.created_at > now() - timedelta(days=days))
    moment = connection.execute(born).scalar()
    return query if moment is None else query.where(verifications.c.created_at < moment)


def _chosen(kind: Kind, selector: PactSelector, pact: Publication, name: str = "") -> Chosen:
    return Chosen(kind, selector, pact.version_id, pact.number, name)


def _pacts_of(provider: str) -> Select[Any]:
    return publication_query().where(publications.c.is_latest, providers.c.name == provider).order_by(publications.c.id)


def _on_heads(provider: str) -> Select[Any]:
    on = and_(branch_heads.c.version_id == publications.c.consumer_version_id)
    joined = _pacts_of(provider).join(branch_heads, on).join(branches, branches.c.id == branch_heads.c.branch_id)
    return joined.order_by(branches.c.id)


def _named(connection: Connection, query: Select[Any]) -> Iterable[tuple[Publication, str]]:
    found = []
    for row in connection.execute(query).mappings():
        fields = dict(row)
        name = str(fields.pop("found_by"))
        found.append((Publication(**fields), name))
    return found
