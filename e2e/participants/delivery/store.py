"""Parcels: taken for an order, handed over later. Telling that a parcel was handed over is left to the outbox.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, String, Table, func, insert, select, update

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, Kind, StepLedger, StepState
from participants.common.outbox import Outbox, ReplyTo
from saga_contracts.client import Outcome

METADATA = MetaData()
LEDGER = StepLedger(METADATA)  # a step that is in progress there is the work to do: the ledger is the queue
OUTBOX = Outbox(METADATA)

parcels = Table(
    "parcels",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("step_key", String(200), nullable=False, unique=True),
    Column("order_id", String(200), nullable=False, index=True),
    Column("sku", String(200), nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("tracking", String(40), nullable=False),
    Column("handed_over", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be handed over, and for which order."""

    order_id: str
    sku: str
    pieces: int


class ParcelStore:
    """Everything that is done to the database of delivery."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER
        self.outbox = OUTBOX

    def take(self, key: str, parcel: Parcel, reply_to: ReplyTo) -> Answer:
        """Queue the parcel, unless this key has been answered before. A repetition may bring another address to call back."""
        with self.database.writing() as connection:
            answer = self.ledger.forward(connection, key, asdict(parcel), lambda: self.queue(connection, key, parcel, reply_to))
            if answer.kind is not Kind.MISUSED:
                self.outbox.move(connection, key, reply_to)
            return answer

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def count(self, order_id: str) -> int:
        """Tell how many parcels of an order were handed over."""
        counted = select(func.count()).where(parcels.c.order_id == order_id, parcels.c.handed_over)
        with self.database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def waiting_orders(self, most: int) -> list[str]:
        """Give the keys of the oldest parcels that are still to be handed over."""
        steps = self.ledger.steps
        rows = select(parcels.c.step_key).join(steps, steps.c.step_key == parcels.c.step_key)
        rows = rows.where(steps.c.state == StepState.IN_PROGRESS).order_by(parcels.c.id).limit(most)
        with self.database.reading() as connection:
            return list(connection.execute(rows).scalars())

    def make(self, key: str) -> None:
        """Hand a parcel over and promise to tell it; nothing when another instance does it."""
        with self.database.writing() as connection:
            if self.ledger.lock_if_in_progress(connection, key):
                tracking = self.hand_over(connection, key)
                self.ledger.save(connection, key, Effect(StepState.APPLIED, {"state": "handed_over"}))
                self.outbox.promise(connection, key, Outcome.DONE, {"tracking": tracking})

    def queue(self, connection: Connection, key: str, parcel: Parcel, reply_to: ReplyTo) -> Effect:
        """Keep the parcel for the worker."""
        row = {"step_key": key, **asdict(parcel), "tracking": f"track-{uuid4().hex}", "handed_over": False}
        connection.execute(insert(parcels).values(row))
        self.outbox.expect(connection, key, reply_to)
        return Effect(StepState.IN_PROGRESS, {"state": "accepted"})

    def hand_over(self, connection: Connection, key: str) -> str:
        """Hand the parcel over; give the number under which it can be tracked."""
        row = update(parcels).where(parcels.c.step_key == key).values(handed_over=True).returning(parcels.c.tracking)
        return str(connection.execute(row).scalar_one())
