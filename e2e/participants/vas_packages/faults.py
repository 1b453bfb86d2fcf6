"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each fault is an outbox with one well-known mistake, in a store that uses it. The rest of `vas_packages` has no branch on any.
"""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, Row

from participants.common.faults import with_faults
from participants.vas_packages.outbox import Outbox
from participants.vas_packages.store import PackageStore
from participants.vas_packages.tables import Callback


class OutboxNever(Outbox):
    """The outcome is never told."""

    def promise(self, connection: Connection, key: str, outcome: str) -> None:
        """Promise nothing."""


class OutboxBodyChanged(Outbox):
    """The callback's fields were renamed without asking the receiver."""

    def letter(self, row: Row[tuple[object, ...]]) -> Callback:
        """Write the callback with other names."""
        callback = super().letter(row)
        return replace(callback, body={"order": callback.body["key"], "result": callback.body["outcome"]})


class CallbackNever(PackageStore):
    """A store with that outbox."""

    outbox_class = OutboxNever


class CallbackBodyChanged(PackageStore):
    """A store with that outbox."""

    outbox_class = OutboxBodyChanged


STORES: dict[str, type[PackageStore]] = {
    "callback_never": CallbackNever,
    "callback_body_changed": CallbackBodyChanged,
}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[PackageStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(PackageStore, STORES, flags)
