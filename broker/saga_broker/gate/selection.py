"""Which pacts a provider is asked to verify, and how that is told. Pure.

A selector as sent becomes, for each pact that it selects, a `Chosen`. Pacts with the same consumer and content are one entry.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, TypeVar

from saga_broker.rows import Publication

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PactSelector:
    """One consumer version selector, as sent."""

    consumer: str | None = None
    latest: bool | None = None
    tag: str | None = None
    branch: str | Literal[True] | None = None
    main_branch: bool = False
    matching_branch: bool = False
    environment: str | None = None
    deployed: bool = False
    released: bool = False
    deployed_or_released: bool = False
    fallback_tag: str | None = None
    fallback_branch: str | None = None


class Kind(IntEnum):
    """How a pact was chosen, in the order in which reasons are told."""

    LATEST = 1  # the newest pact of the pair
    BRANCH = 2  # the head of a branch
    TAG_LATEST = 3  # the newest version with a tag
    TAG = 4  # one of the versions with a tag
    DEPLOYED = 5  # deployed
    RELEASED = 6  # released and supported
    MAIN = 7  # the head of the main branch
    ENVIRONMENT = 8  # deployed to or released in an environment


@dataclass(frozen=True, slots=True)
class Chosen:
    """Why one pact was chosen.

    Attributes:
        kind: How.
        selector: As sent; empty for the default selection.
        version_id: The consumer version that was meant.
        number: Its number.
        name: The branch, tag or environment that matched.
        by_default: Nothing was asked for, so this belongs to the default selection.
        is_fallback: The fallback matched, since the wanted name matched nothing.
        provider_tag: The provider's tag for which this is work in progress.
        in_production: The environment that matched is a production environment.
    """

    kind: Kind
    selector: PactSelector
    version_id: int
    number: str
    name: str = ""
    by_default: bool = False
    is_fallback: bool = False
    provider_tag: str | None = None
    in_production: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A pact to be verified.

    Attributes:
        pact: Of the newest consumer version that was chosen with this content.
        chosen: All reasons, sorted; those of work in progress as they were found.
        wip: It was not asked for, but is work in progress.
    """

    pact: Publication
    chosen: tuple[Chosen, ...]
    wip: bool = field(default=False)


def merged(found: Iterable[tuple[Publication, Chosen]], *, wip: bool = False) -> list[Entry]:
    """Make one entry of each consumer and content, sorted by consumer and version."""
    groups: dict[tuple[int, str], list[tuple[Publication, Chosen]]] = {}
    for pact, chosen in found:
        groups.setdefault((pact.consumer_id, pact.sha), []).append((pact, chosen))
    entries = [_entry(group, wip=wip) for group in groups.values()]
    return sorted(entries, key=lambda entry: (entry.pact.consumer, entry.pact.version_id))


def short_description(chosen: Sequence[Chosen]) -> str:
    """Name the reasons in a few words."""
    return ", ".join(_short(one) for one in chosen)


def criteria(entry: Entry) -> list[str]:
    """Name the reasons in sentences; deployments are put into one for each consumer that was asked for, releases too."""
    lines: list[str] = []
    for (kind, _), chosen in _grouped(entry.chosen, lambda one: (one.kind, one.selector.branch is True)).items():
        if kind in {Kind.DEPLOYED, Kind.RELEASED}:
            lines += [_places(group) for group in _grouped(chosen, lambda one: one.selector.consumer).values()]
        else:
            lines += [f"{_criterion(one, entry.pact)} ({one.number})" for one in chosen]
    return lines


def metadata_pairs(entry: Entry, *, pending: bool | None) -> list[tuple[str, object]]:
    """Give what the address of the entry's pact carries."""
    if entry.wip:
        return [("w", True)]
    pairs: list[tuple[str, object]] = []
    for one in entry.chosen:
        pairs += [*_metadata(one), ("s[][cv]", one.version_id)]
    return pairs if pending is None else [*pairs, ("p", pending)]


def _grouped(chosen: Iterable[Chosen], key: Callable[[Chosen], Key]) -> dict[Key, list[Chosen]]:
    groups: dict[Key, list[Chosen]] = {}
    for one in chosen:
        groups.setdefault(key(one), []).append(one)
    return groups


def _entry(group: Sequence[tuple[Publication, Chosen]], *, wip: bool) -> Entry:
    pact = max((pact for pact, _ in group), key=lambda pact: pact.version_id)
    chosen = [chosen for _, chosen in group]
    return Entry(pact, tuple(chosen if wip else sorted(chosen, key=_place)), wip)


def _place(one: Chosen) -> tuple[int, bool, str, bool, str, int]:
    """Give the place of a reason among others, as in the Pact Broker.

    Main branches, environments and `branch: true` come last, together; production comes after the other environments.
    """
    consumer = one.selector.consumer or ""
    if one.kind in {Kind.MAIN, Kind.ENVIRONMENT} or one.selector.branch is True:
        return Kind.MAIN, False, "", not consumer, consumer, one.version_id
    name = one.selector.tag or one.name
    if one.kind is Kind.TAG:
        return one.kind, False, name, not consumer, consumer, one.version_id
    return one.kind, one.in_production, name, False, "", one.version_id


def _metadata(one: Chosen) -> list[tuple[str, object]]:
    selector = one.selector
    pairs: list[tuple[str, object]] = []
    if one.kind in {Kind.TAG, Kind.TAG_LATEST}:
        pairs.append(("s[][t]", selector.tag or one.name))
    if one.kind is Kind.BRANCH:
        pairs.append(("s[][b]", True if selector.branch is True else one.name))
    is_latest = one.kind in {Kind.LATEST, Kind.TAG_LATEST, Kind.BRANCH} or (one.kind is Kind.MAIN and not one.by_default)
    if is_latest:
        pairs.append(("s[][l]", True))
    elif selector.latest is False:
        pairs.append(("s[][l]", False))
    if selector.environment is not None:
        pairs.append(("s[][e]", selector.environment))
    return pairs


def _short(one: Chosen) -> str:
    of = f"{one.selector.consumer} " if one.selector.consumer else ""
    return {
        Kind.LATEST: "latest",
        Kind.BRANCH: f"latest from branch {one.name}",
        Kind.TAG_LATEST: f"latest with tag {one.name}",
        Kind.TAG: f"one of {of}{one.name}",
        Kind.ENVIRONMENT: f"in {one.name}",
        Kind.DEPLOYED: f"deployed to {one.name}",
        Kind.RELEASED: f"released in {one.name}",
        Kind.MAIN: "latest from main branch",
    }[one.kind]


def _criterion(one: Chosen, pact: Publication) -> str:
    consumer = pact.consumer if one.by_default else one.selector.consumer
    of = f" of {consumer}" if consumer else ""
    if one.is_fallback:
        wanted = one.selector.branch if one.kind is Kind.BRANCH else one.selector.tag
        word, verb = ("branch", "from branch") if one.kind is Kind.BRANCH else ("tag", "tagged")
        note = f"(fallback {word} used as no pact was found {'from branch' if word == 'branch' else 'with tag'} '{wanted}')"
        return f"latest version{of} {verb} '{one.name}' {note}"
    texts = {
        Kind.LATEST: f"latest version of {consumer or 'a consumer'} that has a pact with {pact.provider}",
        Kind.BRANCH: f"latest version{of} from branch '{one.name}'",
        Kind.TAG_LATEST: f"latest version{of} tagged '{one.name}'",
        Kind.TAG: f"all {consumer or 'consumer'} versions tagged '{one.name}'",
        Kind.ENVIRONMENT: f"{consumer or 'a consumer'} version in environment {one.name}",
        Kind.MAIN: f"latest version{of} from the main branch '{one.name}'",
    }
    return texts[one.kind]


def _places(chosen: Sequence[Chosen]) -> str:
    consumer = chosen[0].selector.consumer
    what = f"version(s) of {consumer}" if consumer else "consumer version(s)"
    verb = "currently deployed to" if chosen[0].kind is Kind.DEPLOYED else "released and supported in"
    places = [f"{one.name} ({one.number})" for one in chosen]
    return f"{what} {verb} {_join(places)}"


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
