"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the warehouse's store with one well-known mistake. The rest of the warehouse has no branch on any of them.
"""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from participants.common.faults import with_faults
from participants.common.ledger import Effect
from participants.warehouse.store import Reservation, StockStore, reservations, stock


class ForgetsNullRelease(StockStore):
    """A release that comes first is not remembered: the reservation that follows it keeps pieces."""

    def release(self, key: str) -> bool:
        """Release only what is known."""
        return self.state_of_step(key) is not None and super().release(key)


class NeverFrees(StockStore):
    """A release takes the pieces off the reserved ones, and puts them back nowhere."""

    def put_back(self, connection: Connection, key: str) -> None:
        """Lose the pieces."""
        pieces = select(reservations.c.pieces).where(reservations.c.step_key == key).scalar_subquery()
        sku = select(reservations.c.sku).where(reservations.c.step_key == key).scalar_subquery()
        connection.execute(update(stock).where(stock.c.sku == sku).values(reserved=stock.c.reserved - pieces))
        connection.execute(update(reservations).where(reservations.c.step_key == key).values(state="released"))


class KeepsForRefused(StockStore):
    """A refused reservation keeps what there is all the same."""

    def keep(self, connection: Connection, key: str, reservation: Reservation) -> Effect:
        """Keep what is left, whatever is answered."""
        effect = super().keep(connection, key, reservation)
        if "error" in effect.reply:
            row = update(stock).where(stock.c.sku == reservation.sku)
            connection.execute(row.values(reserved=stock.c.reserved + reservation.pieces))
        return effect


STORES: dict[str, type[StockStore]] = {
    "forgets_null_release": ForgetsNullRelease,
    "never_frees": NeverFrees,
    "keeps_for_refused": KeepsForRefused,
}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[StockStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(StockStore, STORES, flags)
