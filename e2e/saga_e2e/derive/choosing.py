"""Which scenarios of a saga a run plays: by tier, names, pattern, number of faults, shard, and longer ones by chance (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_e2e.derive.scenarios import Derived, Scenario, Tier, explore, scheduled, select

MOST_FAULTS = 2
"""Scenarios with more faults are made by chance, or named by the codes of their faults."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be played.

    Attributes:
        tier: `demo` or `nightly`; names win over it.
        names: Only these scenarios: by name, by the codes of their faults joined by commas, or `longer-SEED-NUMBER`.
        only: Of these, only those whose name fits this pattern.
        faults: How many faults at most.
        shard: Which part of how many, from 1 on: `(2, 4)` is the second of four.
        seed: Where longer schedules come from.
        longer: How many longer schedules are made by chance.
    """

    tier: Tier = Tier.NIGHTLY
    names: tuple[str, ...] = ()
    only: str = "*"
    faults: int = 1
    shard: tuple[int, int] = (1, 1)
    seed: int = 0
    longer: int = 0


def choose(saga: Saga, choice: Choice) -> tuple[tuple[Scenario, ...], Derived]:
    """Give the scenarios that are to be played, and all that there are.

    Raises:
        UsageError: when a name is not known, or nothing fits.
    """
    derived = explore(saga, choice.faults)
    more = [one for one in choice.names if ":" in one or one.startswith("longer-")]
    names = [one for one in choice.names if one not in more]
    if choice.faults < MOST_FAULTS and set(names) - {one.name for one in derived.scenarios}:
        derived = explore(saga, MOST_FAULTS)  # the name may be that of a pair
    chosen = select(derived.scenarios, tier=choice.tier, names=names) if names or not choice.names else ()
    more += [] if choice.names else [f"longer-{choice.seed}-{number}" for number in range(choice.longer)]
    chosen = tuple(one for one in (*chosen, *(scheduled(saga, one) for one in more)) if fnmatchcase(one.name, choice.only))
    if not chosen:
        raise UsageError(
            f"No scenario of {saga.saga} fits --only {choice.only!r}. Known: {', '.join(_names(derived.scenarios))}."
        )
    return _part(chosen, *choice.shard), derived


def _part(chosen: tuple[Scenario, ...], which: int, of: int) -> tuple[Scenario, ...]:
    """Give one part of the scenarios; the run without a fault is in each, since it shows which calls there are."""
    usual = tuple(one for one in chosen if not one.faults and one.sagas == 1 and not one.payload)
    others = tuple(one for one in chosen if one not in usual)
    return (*usual, *others[which - 1 :: of])


def _names(scenarios: Iterable[Scenario]) -> list[str]:
    return [scenario.name for scenario in scenarios]
