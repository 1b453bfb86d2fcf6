"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of orders with one well-known mistake. The rest of orders has no branch on any of them.
"""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, update

from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind
from participants.orders.store import LEDGER, Order, OrderStore, orders, write_open


class OtherNumberAgain(OrderStore):
    """A repeated order is answered with another number than the first one, behind which there is another order."""

    def open(self, key: str, order: Order) -> Answer:
        """Open one more order for a repetition, and strike the first."""
        answer = super().open(key, order)
        if answer.kind is not Kind.DONE_AGAIN:
            return answer
        with self.database.writing() as connection:
            connection.execute(delete(orders).where(orders.c.step_key == key))
            return Answer(answer.kind, {**answer.reply, "number": write_open(connection, order, key) + 1})


class CancelsByCustomer(OrderStore):
    """A cancellation strikes every order of the customer."""

    def strike(self, connection: Connection, key: str) -> None:
        """Strike more than this key's own order."""
        customer = select(orders.c.customer_id).where(orders.c.step_key == key).scalar_subquery()
        connection.execute(update(orders).where(orders.c.customer_id == customer).values(state="cancelled"))


class ForgetsConfirmation(OrderStore):
    """A confirmation is answered, but the key is not kept: the status call does not know it."""

    def confirm(self, key: str, number: int, order_id: str) -> Answer:
        """Confirm, then forget."""
        answer = super().confirm(key, number, order_id)
        with self.database.writing() as connection:
            connection.execute(delete(LEDGER.steps).where(LEDGER.steps.c.step_key == key))
        return answer


STORES: dict[str, type[OrderStore]] = {
    "other_number_again": OtherNumberAgain,
    "cancels_by_customer": CancelsByCustomer,
    "forgets_confirmation": ForgetsConfirmation,
}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[OrderStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(OrderStore, STORES, flags)
