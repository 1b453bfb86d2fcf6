"""The stock: pieces that are free, pieces that reservations keep, and the rules for moving them from one to the other and back.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKey, Integer, MetaData, String, Table, insert, select, update

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

stock = Table(
    "stock",
    METADATA,
    Column("sku", String(200), primary_key=True),
    Column("available", Integer, CheckConstraint("available >= 0"), nullable=False),
    Column("reserved", Integer, CheckConstraint("reserved >= 0"), nullable=False),
)
reservations = Table(
    "reservations",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("sku", ForeignKey(stock.c.sku), nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("order_number", Integer, nullable=False),
    Column("state", String(20), nullable=False),  # reserved, released
)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is to be kept, and for which order."""

    sku: str
    pieces: int
    order_number: int


@dataclass(frozen=True, slots=True)
class Level:
    """The pieces of one kind: free, and kept for orders."""

    available: int
    reserved: int


class StockStore:
    """Everything that is done to the warehouse's database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def reserve(self, key: str, reservation: Reservation) -> Answer:
        """Keep the pieces, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(reservation), lambda: self.keep(connection, key, reservation))

    def release(self, key: str) -> bool:
        """Put back what this key keeps; forbid the reservation when it has not come yet. Was anything known of the key?"""
        with self.database.writing() as connection:
            known = self.ledger.state_of(connection, key) is not None
            self.ledger.compensate(connection, key, lambda: self.put_back(connection, key))
            return known

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def level(self, sku: str) -> Level | None:
        """Tell the pieces of one kind; None when there is no such kind."""
        with self.database.reading() as connection:
            row = connection.execute(select(stock).where(stock.c.sku == sku)).one_or_none()
        return Level(row.available, row.reserved) if row else None

    def keep(self, connection: Connection, key: str, reservation: Reservation) -> Effect:
        """Move the pieces from available to reserved. One statement asks and moves, so that no other call comes between."""
        enough = update(stock).where(stock.c.sku == reservation.sku, stock.c.available >= reservation.pieces)
        if connection.execute(enough.values(_moved(reservation.pieces))).rowcount == 0:
            message = f"There are not {reservation.pieces} pieces of {reservation.sku} in stock."
            return Effect(StepState.REFUSED, error_body("out_of_stock", message))
        connection.execute(insert(reservations).values(step_key=key, **asdict(reservation), state="reserved"))
        return Effect(StepState.APPLIED, {"state": "reserved"})

    def put_back(self, connection: Connection, key: str) -> None:
        """Move back what this key's own reservation keeps, and nothing else."""
        row = connection.execute(select(reservations).where(reservations.c.step_key == key)).one()
        connection.execute(update(reservations).where(reservations.c.step_key == key).values(state="released"))
        connection.execute(update(stock).where(stock.c.sku == row.sku).values(_moved(-row.pieces)))


def _moved(pieces: int) -> dict[str, object]:
    return {stock.c.available.name: stock.c.available - pieces, stock.c.reserved.name: stock.c.reserved + pieces}
