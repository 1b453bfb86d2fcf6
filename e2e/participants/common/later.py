"""Work that is done after its call was answered: one thread does it, then the courier tells its outcome by a callback.

What is to be done, and what to tell, stands in the database, so that nothing is lost when the process dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from participants.common.courier import Courier, Tell
from participants.common.database import Database
from participants.common.outbox import Outbox
from participants.common.worker import IDLE_S, Worker

BATCH = 10


class Orders(Protocol):
    """A store whose orders wait to be done."""

    database: Database
    outbox: Outbox

    def waiting_orders(self, most: int) -> list[str]:
        """Give the keys of the oldest orders that are still to be done."""

    def make(self, key: str) -> None:
        """Do what an order asks for, and promise to tell its outcome; nothing when it was cancelled or is done by another."""


class Later:
    """Both threads, and who wakes whom: an order wakes the maker, an outcome wakes the courier.

    Args:
        name: The maker's name.
        orders: Where orders wait.
        tell: Tells one callback.
        work_ms: How long the work for one order takes.
    """

    def __init__(self, name: str, orders: Orders, tell: Tell, work_ms: int) -> None:
        self._orders, self._work_s = orders, work_ms / 1000
        self._maker = Worker(name, self._make)
        self._courier = Courier(orders.database, orders.outbox, tell)

    def order_taken(self) -> None:
        """Say that an order is waiting."""
        self._maker.wake()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let both work until the block ends."""
        with self._courier.running(), self._maker.running():
            yield

    def _make(self) -> float:
        keys = self._orders.waiting_orders(BATCH)
        for key in keys:
            if self._maker.busy_for(self._work_s):
                self._orders.make(key)
                self._courier.wake()
        return 0 if keys else IDLE_S
