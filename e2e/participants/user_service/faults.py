"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the user service's store with one well-known mistake. The rest of the user service has no branch on any of them.
"""

from collections.abc import Collection
from threading import Lock

from sqlalchemy import Connection, MetaData, delete, select
from typing_extensions import override

from participants.common.database import Database
from participants.common.faults import with_faults
from participants.common.ledger import Effect, Step, StepLedger, StepState
from participants.user_service.store import Operation, UserStore, switched_on


class UndoSkips(UserStore):
    """A cancellation is acknowledged and remembered, but the service stays on."""

    def switch_off(self, connection: Connection, key: str, user_id: str) -> None:
        """Do nothing."""


class UndoRestoresSnapshot(UserStore):
    """A cancellation puts the user back to how they were before the operation, and so takes away what came after it."""

    def switch_off(self, connection: Connection, key: str, user_id: str) -> None:
        """Take away this operation's row and all later ones of the user."""
        own = select(switched_on.c.id).where(switched_on.c.step_key == key).scalar_subquery()
        connection.execute(delete(switched_on).where(switched_on.c.user_id == user_id, switched_on.c.id >= own))


class MemoryLedger(UserStore):
    """The step keys are kept in the process's memory: a restart forgets them, and a second instance does not know them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.ledger = LedgerInMemory()

    def switch_on(self, connection: Connection, key: str, operation: Operation) -> Effect:
        """Make the row anew when an earlier process has made it."""
        connection.execute(delete(switched_on).where(switched_on.c.step_key == key))
        return super().switch_on(connection, key, operation)


class LedgerInMemory(StepLedger):
    """The step ledger without its table."""

    def __init__(self) -> None:
        super().__init__(MetaData())
        self._lock = Lock()
        self._rows: dict[str, Step] = {}

    @override
    def claim(self, connection: Connection, key: str, new: Step) -> Step | None:
        """Keep the step if its key is new, else return what is kept."""
        with self._lock:
            known = self._rows.get(key)
            self._rows.setdefault(key, new)
            return known

    @override
    def save(self, connection: Connection, key: str, effect: Effect) -> None:
        """Keep what became of the step."""
        self._rows[key] = Step(effect.state, self._rows[key].fingerprint, effect.reply)

    @override
    def state_of(self, connection: Connection, key: str) -> StepState | None:
        """Tell what is kept."""
        step = self._rows.get(key)
        return step.state if step else None

    @override
    def forget(self, connection: Connection, before_ms: int, most: int) -> int:
        """Forget nothing: the process's end does."""
        return 0


STORES: dict[str, type[UserStore]] = {
    "undo_skips": UndoSkips,
    "undo_restores_snapshot": UndoRestoresSnapshot,
    "memory_ledger": MemoryLedger,
}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[UserStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(UserStore, STORES, flags)
