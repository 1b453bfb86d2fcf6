"""The money: accounts, reservations, and the rules for moving an amount from `available` to `held` and back.

Money is counted in minor units. Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

accounts = Table(
    "accounts",
    METADATA,
    Column("account_id", String(200), primary_key=True),
    Column("available_minor", BigInteger, CheckConstraint("available_minor >= 0"), nullable=False),
    Column("held_minor", BigInteger, CheckConstraint("held_minor >= 0"), nullable=False),
)
reservations = Table(
    "reservations",
    METADATA,
    Column("reservation_id", String(40), primary_key=True),
    Column("step_key", String(200), nullable=False, unique=True),
    Column("account_id", ForeignKey(accounts.c.account_id), nullable=False),
    Column("order_id", String(200), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),  # held, cancelled
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be held: an amount of an account's money, for an order."""

    account_id: str
    order_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's money: free to use, and held by reservations."""

    available_minor: int
    held_minor: int


class BillingStore:
    """Everything that is done to billing's database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def reserve(self, key: str, order: Order) -> Answer:
        """Hold the money, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(order), lambda: self.hold(connection, key, order))

    def cancel(self, key: str) -> None:
        """Give back what this key's reservation holds; forbid the reservation when it has not come yet."""
        with self.database.writing() as connection:
            self.ledger.compensate(connection, key, lambda: self.release(connection, key))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def balance(self, account_id: str) -> Balance | None:
        """Tell an account's money; None when there is no such account."""
        with self.database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.account_id == account_id)).one_or_none()
        return Balance(row.available_minor, row.held_minor) if row else None

    def hold(self, connection: Connection, key: str, order: Order) -> Effect:
        """Move the amount from available to held. One statement asks and moves, so that no other call comes between."""
        amount = order.amount_minor
        enough = update(accounts).where(accounts.c.account_id == order.account_id, accounts.c.available_minor >= amount)
        if connection.execute(enough.values(_moved(amount))).rowcount == 0:
            message = f"Account {order.account_id} does not hold {amount} available minor units."
            return Effect(StepState.REFUSED, error_body("insufficient_funds", message))
        reservation_id = uuid4().hex
        row = {**asdict(order), "reservation_id": reservation_id, "step_key": key, "state": "held"}
        connection.execute(insert(reservations).values(row))
        return Effect(StepState.APPLIED, {"state": "reserved", "reservation_id": reservation_id})

    def release(self, connection: Connection, key: str) -> None:
        """Move back what this key's own reservation holds, and nothing else."""
        row = connection.execute(select(reservations).where(reservations.c.step_key == key)).one()
        connection.execute(update(reservations).where(reservations.c.step_key == key).values(state="cancelled"))
        account = update(accounts).where(accounts.c.account_id == row.account_id)
        connection.execute(account.values(_moved(-row.amount_minor)))


def _moved(amount: int) -> dict[str, object]:
    return {
        accounts.c.available_minor.name: accounts.c.available_minor - amount,
        accounts.c.held_minor.name: accounts.c.held_minor + amount,
    }
