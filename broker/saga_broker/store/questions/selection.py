"""Finds the pacts that selectors mean, those that are work in progress, and whether a pact is pending."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, func, select

from saga_broker.gate.selection import Chosen, Entry, Kind, PactSelector
from saga_broker.rows import Publication
from saga_broker.store import environments as environment_store
from saga_broker.store import pacts as pact_store
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import (
    branch_heads,
    branches,
    deployed_versions,
    environments,
    integrations,
    publications,
    released_versions,
    tags,
    verifications,
)
from saga_broker.store.database.types import UtcDateTime
from saga_broker.store.pacts import Which, consumers, providers, publication_query
from saga_broker.store.questions.verified import Verifier, verified
from saga_broker.store.tags import is_newest_with_tag

Found = list[tuple[Publication, Chosen]]


def select_pacts(connection: Connection, verifier: Verifier, selectors: Sequence[PactSelector]) -> Found:
    """Find the pacts that selectors mean; without selectors, the default selection."""
    if not selectors:
        return _default(connection, verifier.provider)
    found: Found = []
    for selector in selectors:
        found += _of_consumer(selector, _selected(connection, verifier, selector))
    return [*found, *_fallbacks(connection, verifier.provider, selectors, found)]


def _fallbacks(connection: Connection, provider: str, selectors: Sequence[PactSelector], found: Found) -> Found:
    """Find the pacts of the fallback of each selector whose tag or branch no selected pact has, whichever selector chose it."""
    tags_ = {chosen.name for _, chosen in found if chosen.kind is Kind.TAG_LATEST}
    branches_ = {chosen.name for _, chosen in found if chosen.kind is Kind.BRANCH}
    more: Found = []
    for selector in selectors:
        if selector.fallback_tag is not None and selector.tag not in tags_:
            more += _of_consumer(selector, _latest_with_tag(connection, provider, selector, selector.fallback_tag))
        if selector.fallback_branch is not None and selector.branch not in branches_:
            more += _of_consumer(selector, _heads(connection, provider, selector, selector.fallback_branch))
    return [(pact, replace(chosen, is_fallback=True)) for pact, chosen in more]


def _of_consumer(selector: PactSelector, found: Found) -> Found:
    return found if selector.consumer is None else [pair for pair in found if pair[0].consumer == selector.consumer]


def _selected(connection: Connection, verifier: Verifier, selector: PactSelector) -> Found:
    provider = verifier.provider
    if selector.main_branch:
        return _main(connection, provider, selector)
    if selector.matching_branch:
        return _heads(connection, provider, replace(selector, branch=verifier.branch), verifier.branch)
    if selector.branch is not None:
        return _heads(connection, provider, selector, selector.branch)
    if selector.deployed or selector.released or selector.deployed_or_released or selector.environment:
        return _live(connection, provider, selector)
    if selector.tag is not None:
        return _tagged(connection, provider, selector)
    pacts = pact_store.newest_of_each_pair(connection, Which(provider=provider))
    return [(pact, _chosen(Kind.LATEST, selector, pact)) for pact in pacts]


def _main(connection: Connection, provider: str, selector: PactSelector) -> Found:
    return [(pact, _chosen(Kind.MAIN, selector, pact, name)) for pact, name in _MAIN_HEADS.all(connection, provider=provider)]


def _heads(connection: Connection, provider: str, selector: PactSelector, branch: str | Literal[True] | None) -> Found:
    if branch is True:
        found = _ALL_HEADS.all(connection, provider=provider)
    else:
        found = _HEADS.all(connection, provider=provider, branch=branch)
    return [(pact, _chosen(Kind.BRANCH, selector, pact, name)) for pact, name in found]


def _tagged(connection: Connection, provider: str, selector: PactSelector) -> Found:
    tag = selector.tag or ""
    if not selector.latest:
        pacts = pact_store.listing(connection, Which(provider=provider, tag=tag))
        return [(pact, _chosen(Kind.TAG, selector, pact, tag)) for pact in pacts]
    return _latest_with_tag(connection, provider, selector, tag)


def _latest_with_tag(connection: Connection, provider: str, selector: PactSelector, tag: str) -> Found:
    found = _NEWEST_WITH_TAG.all(connection, provider=provider, tag=tag)
    return [(pact, _chosen(Kind.TAG_LATEST, selector, pact, tag)) for pact in found]


def _live(connection: Connection, provider: str, selector: PactSelector) -> Found:
    plain = not (selector.deployed or selector.released or selector.deployed_or_released)
    places = environment_store.listing(connection)
    production = {place.name for place in places if place.production}
    wanted_ids = [place.id for place in places if selector.environment in {None, place.name}]
    found: Found = []
    for wanted, statement, kind in (
        (not selector.released, _DEPLOYED, Kind.DEPLOYED),
        (not selector.deployed, _RELEASED, Kind.RELEASED),
    ):
        if not wanted:
            continue
        own = Kind.ENVIRONMENT if plain else kind
        here = statement.all(connection, provider=provider, environments=wanted_ids)
        chosen = [(pact, _chosen(own, selector, pact, name)) for pact, name in here]
        found += [(pact, replace(one, in_production=one.name in production)) for pact, one in chosen]
    return found


def _default(connection: Connection, provider: str) -> Found:
    """Choose, for each consumer, its main branch, and everything deployed or released.

    Main branch means: the head of that branch; when no version is on it, the newest version with a tag of that name; when there
    is none either, the newest pact.
    """
    nothing = PactSelector()
    found = [(pact, replace(chosen, by_default=True)) for pact, chosen in _main(connection, provider, nothing)]
    for pact in pact_store.newest_of_each_pair(connection, Which(provider=provider)):
        main, head = _MAIN_BRANCH.all(connection, id=pact.consumer_id)[0]
        if head is not None:
            continue
        tagged = [] if main is None else _tag_of(connection, provider, pact.consumer, main)
        found += tagged or [(pact, replace(_chosen(Kind.LATEST, nothing, pact), by_default=True))]
    live = _live(connection, provider, PactSelector(deployed_or_released=True))
    return [*found, *live]


def _tag_of(connection: Connection, provider: str, consumer: str, tag: str) -> Found:
    found = _latest_with_tag(connection, provider, PactSelector(tag=tag, latest=True), tag)
    return [(pact, replace(chosen, by_default=True)) for pact, chosen in found if pact.consumer == consumer]


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
    done = {
        tag: verified(connection, one, (pact.content_id for pact, _ in candidates), days, count_wip=False)
        for tag, one in by.items()
    }
    return [
        (pact, replace(chosen, provider_tag=tag))
        for kind in kinds
        for tag in by
        for pact, chosen in candidates
        if chosen.kind is kind and pact.content_id not in done[tag]
    ]


def unverified_since(connection: Connection, provider_id: int, since: datetime) -> list[datetime]:
    """Give the moments at which pacts of a provider that never were verified successfully were published, from a moment on."""
    success = select(verifications.c.id).where(verifications.c.content_id == publications.c.content_id, verifications.c.success)
    query = select(publications.c.created_at).where(
        publications.c.provider_id == provider_id,
        publications.c.created_at >= since,
        ~success.correlate(publications).exists(),
    )
    return list(connection.execute(query).scalars())


def _candidates(connection: Connection, provider: str, since: datetime) -> Found:
    nothing = PactSelector()
    heads = _YOUNG_HEADS.all(connection, provider=provider, since=since)
    tagged = _YOUNG_WITH_TAG.all(connection, provider=provider, since=since)
    found = [(pact, _chosen(Kind.BRANCH, nothing, pact, name)) for pact, name in heads]
    return [*found, *((pact, _chosen(Kind.TAG_LATEST, nothing, pact, name)) for pact, name in tagged)]


def pending_tags(connection: Connection, verifier: Verifier, entries: Sequence[Entry]) -> dict[int, tuple[str, ...]]:
    """Give, by content id, the provider's tags for which a pact is pending; without tags, an entry "" when it is."""
    content_ids = {entry.pact.content_id for entry in entries}
    by = [verifier] if verifier.branch or not verifier.tags else [replace(verifier, tags=(tag,)) for tag in verifier.tags]
    done = [(one, verified(connection, one, content_ids, None, count_wip=True)) for one in by]
    names = {one: "" if len(by) == 1 and one is verifier else one.tags[0] for one in by}
    return {key: tuple(names[one] for one, found in done if key not in found) for key in content_ids}


def _chosen(kind: Kind, selector: PactSelector, pact: Publication, name: str = "") -> Chosen:
    return Chosen(kind, selector, pact.version_id, pact.number, name)


def _named(*values: Any) -> tuple[Publication, str]:
    """Read a publication, and by which name it was found."""
    return Publication(*values[:-1]), values[-1]


def _pacts() -> Select[Any]:
    """Select the pacts of a provider by way of its integrations: few, however many publications there are."""
    pair = and_(
        integrations.c.consumer_id == publications.c.consumer_id, integrations.c.provider_id == publications.c.provider_id
    )
    query = publication_query().join(integrations, pair)
    return query.where(publications.c.is_latest, providers.c.name == bindparam("provider")).order_by(publications.c.id)


def _young() -> Select[Any]:
    return _pacts().where(publications.c.created_at > bindparam("since", type_=UtcDateTime))


def _on_heads(query: Select[Any]) -> Select[Any]:
    joined = query.join(branch_heads, branch_heads.c.version_id == publications.c.consumer_version_id)
    joined = joined.join(branches, branches.c.id == branch_heads.c.branch_id)
    return joined.add_columns(branches.c.name.label("found_by")).order_by(branches.c.id)


def _live_now(table: Table, ended: ColumnElement[Any]) -> Prepared[tuple[Publication, str]]:
    live = and_(table.c.pacticipant_id == integrations.c.consumer_id, table.c.version_id == publications.c.consumer_version_id)
    query = _pacts().join(table, live).join(environments, environments.c.id == table.c.environment_id)
    query = query.where(ended.is_(None), among(table.c.environment_id, "environments"))
    return Prepared(query.add_columns(environments.c.name.label("found_by")), _named)


def _newest_with_tag() -> Select[Any]:
    same = (tags.c.pacticipant_id == integrations.c.consumer_id, tags.c.name == bindparam("tag"))
    newest = select(func.max(tags.c.version_id)).where(*same).correlate(integrations).scalar_subquery()
    return _pacts().where(publications.c.consumer_version_id == newest)


def _main_branch() -> Select[Any]:
    """Select a pacticipant's main branch and, when a version is on it, its head."""
    main = and_(branches.c.pacticipant_id == consumers.c.id, branches.c.name == consumers.c.main_branch)
    joined = consumers.outerjoin(branches, main).outerjoin(branch_heads, branch_heads.c.branch_id == branches.c.id)
    return select(consumers.c.main_branch, branch_heads.c.version_id).select_from(joined).where(consumers.c.id == bindparam("id"))


_OF_OWNER = branches.c.pacticipant_id == integrations.c.consumer_id
_ALL_HEADS = Prepared(_on_heads(_pacts()).where(_OF_OWNER), _named)
_HEADS = Prepared(_on_heads(_pacts()).where(_OF_OWNER, branches.c.name == bindparam("branch")), _named)
_MAIN_HEADS = Prepared(_on_heads(_pacts()).where(_OF_OWNER, branches.c.name == consumers.c.main_branch), _named)
_DEPLOYED = _live_now(deployed_versions, deployed_versions.c.undeployed_at)
_RELEASED = _live_now(released_versions, released_versions.c.support_ended_at)
_NEWEST_WITH_TAG = Prepared(_newest_with_tag(), Publication)
_YOUNG_HEADS = Prepared(_on_heads(_young()), _named)
_YOUNG_WITH_TAG = Prepared(
    _young()
    .join(tags, tags.c.version_id == publications.c.consumer_version_id)
    .where(is_newest_with_tag())
    .add_columns(tags.c.name.label("found_by"))
    .order_by(tags.c.name),
    _named,
)
_MAIN_BRANCH = Prepared(_main_branch())
