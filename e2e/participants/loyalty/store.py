"""The bonuses: one row for each that was granted, under the reference that was given for it; and the campaigns that run.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, insert, select

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

campaigns = Table("campaigns", METADATA, Column("campaign", String(200), primary_key=True))
bonuses = Table(
    "bonuses",
    METADATA,
    Column("reference", String(200), primary_key=True),
    Column("account_id", String(200), nullable=False),
    Column("campaign", String(200), nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Bonus:
    """What is to be granted, and to whom."""

    account_id: str
    campaign: str


class BonusStore:
    """Everything that is done to the database of bonuses."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def grant(self, reference: str, bonus: Bonus) -> Answer:
        """Grant the bonus, unless this reference has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, reference, asdict(bonus), lambda: self.write(connection, reference, bonus))

    def revoke(self, reference: str) -> None:
        """Take back this reference's bonus; forbid it when it has not come yet."""
        with self.database.writing() as connection:
            self.ledger.compensate(connection, reference, lambda: self.strike(connection, reference))

    def state_of_step(self, reference: str) -> StepState | None:
        """Tell what became of a reference; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, reference)

    def write(self, connection: Connection, reference: str, bonus: Bonus) -> Effect:
        """Grant the bonus, if its campaign runs."""
        runs = select(campaigns).where(campaigns.c.campaign == bonus.campaign).with_for_update()
        if connection.execute(runs).first() is None:
            return Effect(StepState.REFUSED, error_body("no_campaign", f"The campaign {bonus.campaign} does not run."))
        connection.execute(insert(bonuses).values(reference=reference, **asdict(bonus)))
        return Effect(StepState.APPLIED, {"state": "granted"})

    def strike(self, connection: Connection, reference: str) -> None:
        """Take back this reference's own bonus, and no other."""
        connection.execute(delete(bonuses).where(bonuses.c.reference == reference))
