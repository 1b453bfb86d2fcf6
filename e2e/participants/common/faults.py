"""Choosing a deliberately wrong store. What is wrong with it stands in each participant's own `faults` module."""

from collections.abc import Collection, Mapping
from typing import TypeVar, cast

Store = TypeVar("Store")


def with_faults(good: type[Store], known: Mapping[str, type[Store]], flags: Collection[str]) -> type[Store]:
    """Give the good class when no flag is set, else a class that has the faults of all the flags.

    Args:
        good: The store as it should be.
        known: By flag, a subclass of the store that overrides what the fault changes, and calls `super()` for the rest.
        flags: The flags that are set; those that are not in `known` concern other parts of the participant.
    """
    chosen = tuple(known[flag] for flag in sorted(flags) if flag in known)
    return cast("type[Store]", type(f"Faulty{good.__name__}", chosen, {})) if chosen else good
