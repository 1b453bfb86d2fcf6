"""The mails that are to be sent: one row for each request id.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, Text, insert

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

mails = Table(
    "mails",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("request_id", String(200), nullable=False, unique=True),
    Column("to", String(200), nullable=False, index=True),
    Column("campaign", String(200), nullable=False),
    Column("text", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent, and to whom."""

    to: str
    campaign: str
    text: str


class MailStore:
    """Everything that is done to the database of mails."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def queue(self, request_id: str, mail: Mail) -> Answer:
        """Queue the mail, unless this request id has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, request_id, asdict(mail), lambda: self.write(connection, request_id, mail))

    def state_of_step(self, request_id: str) -> StepState | None:
        """Tell what became of a request id; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, request_id)

    def write(self, connection: Connection, request_id: str, mail: Mail) -> Effect:
        """Queue the mail."""
        connection.execute(insert(mails).values(request_id=request_id, **asdict(mail)))
        return Effect(StepState.APPLIED, {"state": "queued"})
