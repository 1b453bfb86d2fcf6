"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each is one well-known mistake. The rest of `vas_packages` has no branch on any.
"""

from collections.abc import Collection

from participants.common.courier import Tell, as_declared
from participants.common.database import Database
from participants.common.faults import with_faults
from participants.common.mistakes import PromisesNothing, told_under_other_names
from participants.vas_packages.app import STEP
from participants.vas_packages.store import PackageStore


class CallbackNever(PackageStore):
    """The outcome is never told."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.outbox = PromisesNothing(self.outbox)


STORES: dict[str, type[PackageStore]] = {"callback_never": CallbackNever}
FLAGS = frozenset(STORES) | {"callback_body_changed"}


def faulty_store(flags: Collection[str]) -> type[PackageStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(PackageStore, STORES, flags)


def faulty_tell(flags: Collection[str]) -> Tell:
    """Give what tells callbacks, with the faults that are switched on."""
    return told_under_other_names if "callback_body_changed" in flags else as_declared(STEP)
