"""Which versions are kept when a database is cleaned, and why. Pure.

A version is kept when a selector means it, when it is deployed or released now, when a saga needs it, or when the answers about
a kept version hang on it: on its results hangs whether a kept pact is pending, or work in progress, for a provider's branch or
tag, and on when a tag was first given hangs which results of others count for it.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from saga_broker.gate.keep_selectors import KeepSelector, Named

LIVE = "deployed or released now"
SAGA = "needed by a saga"
DECIDES = "its results decide what is pending for kept pacts"
SINCE_WHEN = "first to bear a tag that is kept"
_LATEST = KeepSelector(latest=True)


@dataclass(frozen=True, slots=True)
class Made:
    """A version."""

    id: int
    pacticipant: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tagged:
    """A version's tag."""

    version_id: int
    pacticipant: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OnBranch:
    """A version's place on a branch."""

    version_id: int
    branch_id: int
    name: str
    is_head: bool
    is_main: bool


@dataclass(frozen=True, slots=True)
class Live:
    """A version that is deployed, or released and supported, now."""

    version_id: int
    environment: str
    released: bool


@dataclass(frozen=True, slots=True)
class SagaOf:
    """A saga version's versions; `newest` when no other of its saga, or of its saga on its branch, is newer."""

    owner_version_id: int
    executor_version_id: int
    newest: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of all versions, by their ids; branches that are going to be removed are left out.

    Attributes:
        newest_pacts: The newest version of each consumer that has a pact with each of its providers.
        contents: The pact contents of each version.
        births: The moments at which branches and tags of a pacticipant came to be, sorted, by its id.
        providers: The names of those that have a consumer.
    """

    versions: Mapping[int, Made]
    tags: Sequence[Tagged]
    on_branches: Sequence[OnBranch]
    live: Sequence[Live]
    newest_pacts: frozenset[int]
    contents: Mapping[int, Sequence[int]]
    sagas: Sequence[SagaOf]
    births: Mapping[int, Sequence[datetime]]
    providers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """A result, as far as it matters here; `tags` are those that the provider version had then."""

    id: int
    content_id: int
    provider_id: int
    version_id: int
    success: bool
    wip: bool
    at: datetime
    tags: tuple[str, ...] = ()


ResultsOf = Callable[[set[int]], Iterable[Result]]


def kept(facts: Facts, selectors: Sequence[KeepSelector], results_of: ResultsOf, now: datetime) -> dict[int, str]:
    """Give the versions that are kept, each with the first reason for it.

    Args:
        facts: All versions.
        selectors: Which to keep.
        results_of: Gives the results of contents.
        now: The present.
    """
    found = dict.fromkeys((one.version_id for one in facts.live), LIVE)
    for selector in selectors:
        _add(found, meant(facts, selector, now), str(selector))
    for saga in facts.sagas:
        if saga.newest:
            _add(found, (saga.owner_version_id, saga.executor_version_id), SAGA)
    groups = _groups(facts)
    looked_at: set[int] = set()
    while True:
        before = len(found)
        new = {content for version in found for content in facts.contents.get(version, ())} - looked_at
        looked_at |= new
        _add(found, deciding(results_of(new), groups, facts.births) if new else (), DECIDES)
        _add(found, _first_tagged(facts, found), SINCE_WHEN)
        _add(found, _of_sagas(facts, found), SAGA)
        if len(found) == before:
            return found


def meant(facts: Facts, selector: KeepSelector, now: datetime) -> set[int]:
    """Give the versions that a selector means."""
    every = facts.versions.values()
    found = {one.id for one in every if selector.pacticipant in {None, one.pacticipant}}
    if selector.max_age is not None:
        begin = now - timedelta(days=selector.max_age)
        found = {version for version in found if facts.versions[version].at >= begin}
    for wanted, released in ((selector.deployed, False), (selector.released, True)):
        if wanted:
            found &= _live(facts, selector.environment, released=released)
    if selector.environment and not (selector.deployed or selector.released):
        found &= _live(facts, selector.environment, released=True) | _live(facts, selector.environment, released=False)
    if selector.tag is not None:
        return _tagged(facts, selector, found)
    if selector.branch is not None or selector.main_branch:
        on = (one for one in facts.on_branches if (one.is_main if selector.main_branch else _fits(selector.branch, one.name)))
        return found & {one.version_id for one in on if one.is_head or not selector.latest}
    if not selector.latest:
        return found
    newest = _newest((facts.versions[version].pacticipant, version) for version in found)
    return newest | (found & facts.newest_pacts) if selector == replace(_LATEST, pacticipant=selector.pacticipant) else newest


def deciding(
    results: Iterable[Result], groups: Mapping[int, Sequence[Hashable]], births: Mapping[int, Sequence[datetime]]
) -> set[int]:
    """Give the provider versions without whose results other answers would be given about the results' contents.

    For each branch or tag that is the last success, and the last one before each moment at which a branch or tag came to be: for
    the new one, pacts that others had verified before are not pending. And the last result of all.
    """
    last: dict[Any, tuple[datetime, int]] = {}
    newest: dict[int, tuple[int, int]] = {}
    for one in results:
        newest[one.content_id] = max(newest.get(one.content_id, (0, 0)), (one.id, one.version_id))
        if not one.success:
            continue
        age = bisect_right(births.get(one.provider_id, ()), one.at)
        keys: list[Any] = [(one.content_id, one.wip)]
        keys += [(one.content_id, one.wip, group, age) for group in groups.get(one.version_id, ())]
        keys += [(one.content_id, one.wip, tag) for tag in one.tags]
        for key in keys:
            known = last.get(key)
            if known is None or known[0] <= one.at:
                last[key] = (one.at, one.version_id)
    return {version for _, version in last.values()} | {version for _, version in newest.values()}


def repeated(results: Iterable[Result], births: Mapping[int, Sequence[datetime]]) -> set[int]:
    """Give the results that say nothing that a later one does not say: same content, version and outcome.

    Args:
        results: In the order of their ids.
        births: As in `Facts`.
    """
    found = set()
    last: dict[Any, tuple[int, Result]] = {}
    for one in results:
        key = (one.content_id, one.version_id, one.success, one.wip)
        age = bisect_right(births.get(one.provider_id, ()), one.at) if one.success else 0
        before = last.get(key)
        if before is not None and before[0] == age and (not one.success or {*before[1].tags} <= {*one.tags}):
            found.add(before[1].id)
        last[key] = (age, one)
    return found


def _add(found: dict[int, str], versions: Iterable[int], reason: str) -> None:
    for version in versions:
        found.setdefault(version, reason)


def _groups(facts: Facts) -> dict[int, list[Hashable]]:
    """Give, by version, the branches on which it is and the tags that it has."""
    found: dict[int, list[Hashable]] = {}
    for place in facts.on_branches:
        found.setdefault(place.version_id, []).append(("branch", place.branch_id))
    for tag in facts.tags:
        found.setdefault(tag.version_id, []).append(("tag", tag.name))
    return found


def _first_tagged(facts: Facts, found: Mapping[int, str]) -> set[int]:
    """Give the version with the oldest of each tag that a kept version of a provider has."""
    first: dict[tuple[str, str], tuple[datetime, int]] = {}
    used = set()
    for tag in facts.tags:
        if tag.pacticipant in facts.providers:
            key = (tag.pacticipant, tag.name)
            first[key] = min(first.get(key, (tag.at, tag.version_id)), (tag.at, tag.version_id))
            if tag.version_id in found:
                used.add(key)
    return {first[key][1] for key in used}


def _of_sagas(facts: Facts, found: Mapping[int, str]) -> set[int]:
    """Give both versions of each saga version of which one is kept."""
    pairs = ((saga.owner_version_id, saga.executor_version_id) for saga in facts.sagas)
    return {version for pair in pairs if any(one in found for one in pair) for version in pair}


def _live(facts: Facts, environment: str | None, *, released: bool) -> set[int]:
    here = (one for one in facts.live if environment in {None, one.environment})
    return {one.version_id for one in here if one.released is released}


def _tagged(facts: Facts, selector: KeepSelector, found: set[int]) -> set[int]:
    tags = [one for one in facts.tags if one.version_id in found and _fits(selector.tag, one.name)]
    if not selector.latest:
        return {one.version_id for one in tags}
    return _newest(((one.pacticipant, one.name), one.version_id) for one in tags)


def _newest(pairs: Iterable[tuple[Hashable, int]]) -> set[int]:
    newest: dict[Hashable, int] = {}
    for key, version in pairs:
        newest[key] = max(newest.get(key, 0), version)
    return set(newest.values())


def _fits(wanted: Named, name: str) -> bool:
    return wanted is True or wanted == name
