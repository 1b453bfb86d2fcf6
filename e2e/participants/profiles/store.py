"""The profiles: one row for each key that put one, and the names that are not taken.

Each public method is one transaction; the step ledger makes it safe to repeat.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, func, insert, select

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, StepLedger, StepState
from participants.common.web import error_body

METADATA = MetaData()
LEDGER = StepLedger(METADATA)

bad_names = Table("bad_names", METADATA, Column("name", String(200), primary_key=True))
profiles = Table(
    "profiles",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("account_id", String(200), nullable=False),
    Column("name", String(200), nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a user tells."""

    account_id: str
    name: str


class ProfileStore:
    """Everything that is done to the database of profiles."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER

    def put(self, key: str, profile: Profile) -> Answer:
        """Store the profile, unless this key has been answered before."""
        with self.database.writing() as connection:
            return self.ledger.forward(connection, key, asdict(profile), lambda: self.write(connection, key, profile))

    def remove(self, key: str) -> bool:
        """Remove this key's profile; forbid it when it has not come yet. Was anything known of the key?"""
        with self.database.writing() as connection:
            known = self.ledger.state_of(connection, key) is not None
            self.ledger.compensate(connection, key, lambda: self.strike(connection, key))
            return known

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown, and for one that was refused: there is no profile."""
        with self.database.reading() as connection:
            state = self.ledger.state_of(connection, key)
        return None if state is StepState.REFUSED else state

    def count(self, name: str) -> int:
        """Tell how many profiles bear a name."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).where(profiles.c.name == name)).scalar_one()

    def write(self, connection: Connection, key: str, profile: Profile) -> Effect:
        """Store the profile, if its name is acceptable."""
        if connection.execute(select(bad_names).where(bad_names.c.name == profile.name)).first() is not None:
            return Effect(StepState.REFUSED, error_body("bad_name", "This name is not taken."))
        connection.execute(insert(profiles).values(step_key=key, **asdict(profile)))
        return Effect(StepState.APPLIED, {"state": "stored"})

    def strike(self, connection: Connection, key: str) -> None:
        """Remove this key's own profile, and no other."""
        connection.execute(delete(profiles).where(profiles.c.step_key == key))
