"""The cards: how much each may still pay, and what was charged. What was charged is never given back here.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Connection, MetaData, String, Table, insert, select, update

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

cards = Table(
    "cards",
    METADATA,
    Column("card_token", String(200), primary_key=True),
    Column("limit_minor", BigInteger, CheckConstraint("limit_minor >= 0"), nullable=False),
    Column("charged_minor", BigInteger, nullable=False),
    Column("busy", Boolean, nullable=False),  # the card's bank does not answer at present
)
payments = Table(
    "payments",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("card_token", String(200), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be charged, and to which card."""

    card_token: str
    amount_minor: int


class BankIsBusyError(Exception):
    """The card's bank does not answer: the same call may be right later. Nothing was changed."""


class PaymentStore:
    """Everything that is done to the database of payments."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def pay(self, key: str, charge: Charge) -> Answer:
        """Charge the card, unless this key has been answered before.

        Raises:
            BankIsBusyError: The key is as unknown as before.
        """
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(charge), lambda: self.charge(connection, key, charge))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def charged_minor(self, card_token: str) -> int | None:
        """Tell what was charged to a card; None when there is no such card."""
        with self.database.reading() as connection:
            return connection.execute(select(cards.c.charged_minor).where(cards.c.card_token == card_token)).scalar_one_or_none()

    def charge(self, connection: Connection, key: str, charge: Charge) -> Effect:
        """Charge the card, if it may pay so much. Its row is locked, so that no other call comes between."""
        card = connection.execute(select(cards).where(cards.c.card_token == charge.card_token).with_for_update()).one_or_none()
        if card is not None and card.busy:
            raise BankIsBusyError
        if card is None or card.limit_minor < charge.amount_minor:
            return Effect(StepState.REFUSED, error_body("declined", f"Card {charge.card_token} may not pay so much."))
        amounts = {
            "limit_minor": cards.c.limit_minor - charge.amount_minor,
            "charged_minor": cards.c.charged_minor + charge.amount_minor,
        }
        connection.execute(update(cards).where(cards.c.card_token == charge.card_token).values(amounts))
        connection.execute(insert(payments).values(step_key=key, **asdict(charge)))
        return Effect(StepState.APPLIED, {"state": "paid"})
