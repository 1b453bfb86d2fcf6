"""The accounts: at most one stands for an address. A removed account stays written down, with its address free again.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy import Column, Connection, MetaData, String, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

accounts = Table(
    "accounts",
    METADATA,
    Column("account_id", String(40), primary_key=True),
    Column("step_key", String(200), unique=True),  # None: opened by somebody else
    Column("email", String(200), nullable=False, index=True),
    Column("address", String(200), unique=True),  # the same, as long as the account stands
)


@dataclass(frozen=True, slots=True)
class Opening:
    """For which address an account is to be opened."""

    email: str


class AccountStore:
    """Everything that is done to the database of accounts."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def open(self, key: str, opening: Opening) -> Answer:
        """Open the account, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(opening), lambda: self.enter(connection, key, opening))

    def remove(self, key: str) -> None:
        """Remove this key's account; forbid it when it has not come yet."""
        with self.database.writing() as connection:
            self.ledger.compensate(connection, key, lambda: self.strike(connection, key))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def count(self, email: str) -> int:
        """Tell how many accounts of an address stand."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).where(accounts.c.address == email)).scalar_one()

    def enter(self, connection: Connection, key: str | None, opening: Opening) -> Effect:
        """Open the account, if the address is free: a unique constraint says so, also side by side."""
        row = {"account_id": uuid4().hex, "step_key": key, "email": opening.email, "address": opening.email}
        try:
            with connection.begin_nested():
                connection.execute(insert(accounts).values(row))
        except IntegrityError:
            return Effect(StepState.REFUSED, error_body("address_taken", "There is an account with this address."))
        return Effect(StepState.APPLIED, {"state": "created", "account_id": row["account_id"]})

    def strike(self, connection: Connection, key: str) -> None:
        """Remove this key's own account, and no other."""
        connection.execute(update(accounts).where(accounts.c.step_key == key).values(address=None))
