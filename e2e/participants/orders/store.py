"""The orders of customers: opened, cancelled, confirmed. Opening and confirming are two steps, each with a key of its own.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, String, Table, func, insert, select, update

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

customers = Table(
    "customers",
    METADATA,
    Column("customer_id", String(200), primary_key=True),
    Column("blocked", Boolean, nullable=False),
)
orders = Table(
    "orders",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("step_key", String(200), unique=True),  # of the step that opened it; None: opened by telephone
    Column("order_id", String(200), nullable=False, index=True),
    Column("customer_id", String(200), nullable=False, index=True),
    Column("sku", String(200), nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("state", String(20), nullable=False),  # open, confirmed, cancelled
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer orders."""

    order_id: str
    customer_id: str
    sku: str
    pieces: int


class NotOpenError(Exception):
    """There is no such order that could be confirmed."""


class OrderStore:
    """Everything that is done to the database of orders."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def open(self, key: str, order: Order) -> Answer:
        """Open the order, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(order), lambda: self.enter(connection, key, order))

    def cancel(self, key: str) -> None:
        """Cancel this key's order; forbid it when it has not come yet."""
        with self.database.writing() as connection:
            self.ledger.compensate(connection, key, lambda: self.strike(connection, key))

    def confirm(self, key: str, number: int, order_id: str) -> Answer:
        """Confirm an open order, unless this key has been answered before.

        Raises:
            NotOpenError: Nothing was changed.
        """
        with self.database.writing() as connection:
            request = {"number": number, "order_id": order_id}
            return self.ledger.forward(connection, key, request, lambda: self.mark(connection, number, order_id))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def count(self, customer_id: str, *, confirmed: bool) -> int:
        """Tell how many orders of a customer were opened here and stand, or how many were confirmed."""
        counted = select(func.count()).where(orders.c.customer_id == customer_id)
        if confirmed:
            counted = counted.where(orders.c.state == "confirmed")
        else:
            counted = counted.where(orders.c.state != "cancelled", orders.c.step_key.is_not(None))
        with self.database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def enter(self, connection: Connection, key: str, order: Order) -> Effect:
        """Enter the order, if the customer may order: the row is locked, so that nobody blocks the customer meanwhile."""
        customer = select(customers.c.blocked).where(customers.c.customer_id == order.customer_id)
        if connection.execute(customer.with_for_update()).scalar_one_or_none() is not False:
            message = f"Customer {order.customer_id} may not order."
            return Effect(StepState.REFUSED, error_body("customer_blocked", message))
        number = write_open(connection, order, key)
        return Effect(StepState.APPLIED, {"state": "open", "number": number})

    def strike(self, connection: Connection, key: str) -> None:
        """Cancel this key's own order, and no other."""
        connection.execute(update(orders).where(orders.c.step_key == key).values(state="cancelled"))

    def mark(self, connection: Connection, number: int, order_id: str) -> Effect:
        """Mark an open order as confirmed."""
        order = update(orders).where(orders.c.number == number, orders.c.order_id == order_id, orders.c.state == "open")
        if connection.execute(order.values(state="confirmed")).rowcount == 0:
            raise NotOpenError
        return Effect(StepState.APPLIED, {"state": "confirmed"})


def write_open(connection: Connection, order: Order, key: str | None) -> int:
    """Write an open order and give its number."""
    row = insert(orders).values(step_key=key, **asdict(order), state="open").returning(orders.c.number)
    return int(connection.execute(row).scalar_one())
