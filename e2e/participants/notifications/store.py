"""The mailboxes: one row per message. A user needs no account here; whoever gets a message has a mailbox.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, Text, func, insert, select

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

messages = Table(
    "messages",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("step_key", String(200), nullable=False, unique=True),
    Column("user_id", String(200), nullable=False, index=True),
    Column("text", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, and to whom."""

    user_id: str
    text: str


class MailboxStore:
    """Everything that is done to the database of notifications."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def send(self, key: str, message: Message) -> Answer:
        """Put the message into the mailbox, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(message), lambda: self.put(connection, key, message))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def count(self, user_id: str) -> int:
        """Tell how many messages are in a user's mailbox."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).where(messages.c.user_id == user_id)).scalar_one()

    def put(self, connection: Connection, key: str, message: Message) -> Effect:
        """Put the message into the mailbox."""
        connection.execute(insert(messages).values(step_key=key, **asdict(message)))
        return Effect(StepState.APPLIED, {"state": "sent"})
