"""The users and the services that are switched on for them, one row per operation.

A service is on as long as at least one operation that switched it on stands; so undoing an operation never takes from a user what
another operation gave. Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Integer, MetaData, String, Table, delete, insert, select

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

users = Table(
    "users",
    METADATA,
    Column("user_id", String(200), primary_key=True),
    Column("blocked", Boolean, nullable=False),
)
switched_on = Table(
    "switched_on",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("step_key", String(200), nullable=False, unique=True),
    Column("user_id", ForeignKey(users.c.user_id), nullable=False, index=True),
    Column("package", String(200), nullable=False),
    Column("order_id", String(200), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is to be switched on, for whom, for which order."""

    user_id: str
    package: str
    order_id: str


class OtherUsersOperationError(Exception):
    """The key belongs to an operation of another user."""


class UserStore:
    """Everything that is done to the user service's database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def apply(self, key: str, operation: Operation) -> Answer:
        """Switch the service on, unless this key has been answered before."""
        with self.database.writing() as connection:
            request = asdict(operation)
            return self.ledger.forward(connection, key, request, lambda: self.switch_on(connection, key, operation))

    def cancel(self, key: str, user_id: str) -> None:
        """Undo this key's operation; forbid it when it has not come yet.

        Raises:
            OtherUsersOperationError: Nothing was changed.
        """
        with self.database.writing() as connection:
            self.ledger.compensate(connection, key, lambda: self.switch_off(connection, key, user_id))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def services_of(self, user_id: str) -> list[str] | None:
        """Tell what is on for a user, by name; None when there is no such user."""
        with self.database.reading() as connection:
            if connection.execute(select(users).where(users.c.user_id == user_id)).first() is None:
                return None
            packages = select(switched_on.c.package).where(switched_on.c.user_id == user_id).distinct()
            return sorted(connection.execute(packages).scalars())

    def switch_on(self, connection: Connection, key: str, operation: Operation) -> Effect:
        """Switch the service on, if the user may have it. The user's row is locked, so that nobody blocks the user meanwhile."""
        user = connection.execute(select(users).where(users.c.user_id == operation.user_id).with_for_update()).one_or_none()
        if user is None or user.blocked:
            why = "is blocked" if user else "does not exist"
            return Effect(StepState.REFUSED, error_body("user_blocked", f"User {operation.user_id} {why}."))
        connection.execute(insert(switched_on).values(step_key=key, **asdict(operation)))
        return Effect(StepState.APPLIED, {"state": "applied"})

    def switch_off(self, connection: Connection, key: str, user_id: str) -> None:
        """Take this operation's own row away, and no other."""
        own = delete(switched_on).where(switched_on.c.step_key == key, switched_on.c.user_id == user_id)
        if connection.execute(own).rowcount == 0:
            raise OtherUsersOperationError
