"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of profiles with one well-known mistake. The rest of profiles has no branch on any of them.
"""

from collections.abc import Collection

from sqlalchemy import Connection

from participants.common.faults import with_faults
from participants.profiles.store import ProfileStore


class ForgetsRemoval(ProfileStore):
    """A removal of what is not there yet is answered 404 and not remembered: the profile comes after it."""

    def remove(self, key: str) -> bool:
        """Remove only what is known."""
        return self.state_of_step(key) is not None and super().remove(key)


class UndoSkips(ProfileStore):
    """A removal is acknowledged and remembered, but the profile stays."""

    def strike(self, connection: Connection, key: str) -> None:
        """Do nothing."""


STORES: dict[str, type[ProfileStore]] = {"forgets_removal": ForgetsRemoval, "undo_skips": UndoSkips}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[ProfileStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(ProfileStore, STORES, flags)
