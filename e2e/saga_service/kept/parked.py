"""The sagas that wait for a participant, by definition."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from saga_service import tables
from saga_service.records import SagaState


@dataclass(frozen=True, slots=True)
class Parked:
    """Reads which sagas are parked.

    Attributes:
        reading: The saga service's database.
    """

    reading: Engine

    def definitions(self) -> list[int]:
        """Give the definitions that parked sagas have."""
        sagas = tables.sagas.c
        with self.reading.connect() as connection:
            return list(
                connection.execute(select(sagas.definition_id).where(sagas.state == SagaState.PARKED).distinct()).scalars()
            )

    def sagas(self, definition_id: int, limit: int, *, older_than: float | None = None) -> list[str]:
        """Give parked sagas with this definition, the oldest first; those alone that are older than a time, if one is given."""
        sagas = tables.sagas.c
        wanted = select(sagas.saga_id).where(sagas.state == SagaState.PARKED, sagas.definition_id == definition_id)
        if older_than is not None:
            wanted = wanted.where(sagas.created_at < older_than)
        with self.reading.connect() as connection:
            return list(connection.execute(wanted.order_by(sagas.created_at).limit(limit)).scalars())
