"""Lists of sagas, the newest first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from saga_service import tables


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sagas are listed.

    Attributes:
        saga: The saga's name; empty: any.
        state: Their state; empty: any.
        before: Only those that were created before this time, in seconds since 1970; 0: any.
        limit: So many at most.
    """

    saga: str = ""
    state: str = ""
    before: float = 0.0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One saga in a list.

    Attributes:
        created_at: In seconds since 1970.
        updated_at: When its state changed last.
    """

    saga_id: str
    saga: str
    request_id: str
    state: str
    reason: str | None
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists sagas.

    Attributes:
        reading: The saga service's database.
    """

    reading: Engine

    def sagas(self, wanted: Wanted) -> list[Listed]:
        """Give the sagas that are wanted, the newest first."""
        columns = tables.sagas.c
        query: Any = select(*(columns[name] for name in Listed.__dataclass_fields__))
        if wanted.saga:
            query = query.where(columns.saga == wanted.saga)
        if wanted.state:
            query = query.where(columns.state == wanted.state)
        if wanted.before:
            query = query.where(columns.created_at < wanted.before)
        with self.reading.connect() as connection:
            rows = connection.execute(query.order_by(columns.created_at.desc()).limit(wanted.limit))
            return [Listed(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Give the number of sagas in each state."""
        state = tables.sagas.c.state
        with self.reading.connect() as connection:
            return dict(connection.execute(select(state, func.count()).group_by(state)).tuples().all())
