"""Cleans a database: chooses what nobody needs any more, and deletes it, or tells what would be deleted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from saga_broker.gate.keep_selectors import KeepSelector
from saga_broker.gate.keeping import Facts, kept, repeated
from saga_broker.gate.wip_window import LONGEST
from saga_broker.store.database.engine import Database
from saga_broker.store.database.types import now
from saga_broker.store.unneeded import cleaning as store
from saga_broker.store.unneeded import keeping as facts_store
from saga_broker.store.unneeded import leftovers

KINDS = (
    "stale branches",
    "versions",
    "pacts",
    "overwritten revisions",
    "pact contents",
    "results",
    "repeated results",
    "saga versions",
    "deck results",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be kept, and how much is deleted at once.

    Attributes:
        selectors: A version that one of them means is kept.
        limit: At most so many versions are deleted.
        branch_age: Branches that nobody changed for so many days are deleted.
        branch_patterns: Branches whose name matches one of these are not.
    """

    selectors: tuple[KeepSelector, ...]
    limit: int = 1000
    branch_age: int = 90
    branch_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted, or would be.

    Attributes:
        counts: How many of each of `KINDS`.
        names: The first few names of some kinds.
        kept: How many versions are kept, by the first reason for it.
        waiting: How many more versions would go, were there no limit.
    """

    counts: Counter[str]
    names: dict[str, list[str]] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes, by ids."""

    facts: Facts
    reasons: dict[int, str]
    versions: list[int]
    waiting: int
    overwritten: list[int]
    contents: list[int]
    repeated: list[int]
    deck_results: list[int]
    newest: dict[str, int]


def unknown_names(database: Database, selectors: Sequence[KeepSelector]) -> list[str]:
    """Name pacticipants and environments of selectors that do not exist: they would keep nothing."""
    with database.read() as connection:
        known = {"pacticipant": leftovers.pacticipant_names(connection), "environment": leftovers.environment_names(connection)}
    return [
        f"--keep {selector}: there is no {kind} {name}"
        for selector in selectors
        for kind, names in known.items()
        if (name := getattr(selector, kind)) is not None and name not in names
    ]


def preview(database: Database, wish: Wish) -> Cleaned:
    """Tell what a run would delete; nothing is changed."""
    with database.read() as connection:
        stale = _stale(connection, wish, now())
        plan = _planned(connection, wish, without={one[0] for one in stale})
        counts = leftovers.counted(connection, plan.versions, plan.contents)
        names = {
            "stale branches": [f"{owner} {name}" for _, owner, name in stale],
            "versions": leftovers.names(connection, plan.versions[:3]),
        }
    counts += Counter({"stale branches": len(stale), "versions": len(plan.versions), "pact contents": len(plan.contents)})
    counts += Counter({"overwritten revisions": len(plan.overwritten), "repeated results": len(plan.repeated)})
    counts += Counter({"deck results": len(plan.deck_results)})
    return Cleaned(counts, names, Counter(plan.reasons.values()), plan.waiting)


def clean(database: Database, wish: Wish) -> Cleaned:
    """Delete what nobody needs, in small transactions; whoever calls sees to it that nobody else does the same."""
    before = now() - timedelta(days=wish.branch_age)
    with database.read() as connection:
        stale = _stale(connection, wish, now())
    done = store.remove_branches(database, [one[0] for one in stale], before)
    with database.read() as connection:
        plan = _planned(connection, wish, without=set())
    done += store.remove_versions(database, plan.versions, plan.newest)
    done += store.remove_overwritten(database, plan.overwritten)
    done += store.remove_contents(database, plan.contents)
    done += store.remove_repeated(database, plan.repeated)
    done += store.remove_deck_results(database, plan.deck_results)
    return Cleaned(done, {}, Counter(plan.reasons.values()), plan.waiting)


def _stale(connection: Connection, wish: Wish, moment: datetime) -> list[tuple[int, str, str]]:
    named = {(one.pacticipant, one.branch) for one in wish.selectors if isinstance(one.branch, str)}
    found = facts_store.stale_branches(connection, moment - timedelta(days=wish.branch_age))
    return [
        (branch_id, owner, name)
        for branch_id, owner, name in found
        if named.isdisjoint({(None, name), (owner, name)})
        and not any(fnmatchcase(name, pattern) for pattern in wish.branch_patterns)
    ]


def _planned(connection: Connection, wish: Wish, without: set[int]) -> _Plan:
    facts = facts_store.facts(connection, without)
    reasons = kept(facts, wish.selectors, lambda ids: facts_store.results(connection, ids), now())
    unkept = [version for version in facts.versions if version not in reasons]
    gone = unkept[: wish.limit]
    left = leftovers.find(connection, set(gone), now() - timedelta(days=LONGEST))
    return _Plan(
        facts=facts,
        reasons=reasons,
        versions=gone,
        waiting=len(unkept) - len(gone),
        overwritten=left.overwritten,
        contents=left.contents,
        repeated=_repeated(connection, facts, {*gone}, {*left.contents}),
        deck_results=left.deck_results,
        newest=facts_store.newest_rows(connection),
    )


def _repeated(connection: Connection, facts: Facts, gone: set[int], contents: set[int]) -> list[int]:
    found: set[int] = set()
    for content, results in facts_store.verified_twice(connection):
        if content not in contents:
            found |= repeated((one for one in results if one.version_id not in gone), facts.births)
    return sorted(found)
