"""The versions of saga definitions: each changed definition is a new one, and a saga keeps the one that it was started with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from saga_service import tables
from saga_service.records import SagaState

_UNDER_WAY = (SagaState.PARKED, SagaState.RUNNING, SagaState.COMPENSATING)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a saga's definition.

    Attributes:
        number: From 1.
        sha256: Of its content.
        at: When it came, in seconds since 1970.
        under_way: How many sagas run with it.
    """

    number: int
    sha256: str
    at: float
    under_way: int


@dataclass(frozen=True, slots=True)
class Definitions:
    """Reads definitions.

    Attributes:
        reading: The saga service's database.
    """

    reading: Engine

    def names(self) -> dict[str, int]:
        """Give the number of the current version of each saga."""
        saga = tables.definitions.c.saga
        with self.reading.connect() as connection:
            rows = connection.execute(select(saga, func.count()).group_by(saga).order_by(saga))
            return dict(rows.tuples().all())

    def versions(self, saga: str) -> list[Version]:
        """Give the versions of a saga, the first one first; none when it is not known."""
        columns = tables.definitions.c
        with self.reading.connect() as connection:
            rows = connection.execute(select(tables.definitions).where(columns.saga == saga).order_by(columns.id)).all()
            counted = select(tables.sagas.c.definition_id, func.count()).where(
                tables.sagas.c.definition_id.in_([row.id for row in rows]), tables.sagas.c.state.in_(_UNDER_WAY)
            )
            under_way: dict[int, int] = dict(connection.execute(counted.group_by(tables.sagas.c.definition_id)).tuples().all())
        return [
            Version(number, hashlib.sha256(row.content.encode()).hexdigest(), row.created_at, under_way.get(row.id, 0))
            for number, row in enumerate(rows, 1)
        ]

    def content(self, saga: str, number: int) -> str | None:
        """Give the content of one version, or None."""
        columns = tables.definitions.c
        wanted = select(columns.content).where(columns.saga == saga).order_by(columns.id).offset(number - 1).limit(1)
        with self.reading.connect() as connection:
            return connection.execute(wanted).scalar()

    def number(self, definition_id: int) -> int:
        """Give the number of the version that a definition is."""
        columns = tables.definitions.c
        saga = select(columns.saga).where(columns.id == definition_id).scalar_subquery()
        with self.reading.connect() as connection:
            return connection.execute(select(func.count()).where(columns.saga == saga, columns.id <= definition_id)).scalar_one()


def together(found: list[list[Version]]) -> list[Version]:
    """Put the same versions of several databases together."""
    longest = max(found, key=len, default=[])
    under_way: Mapping[int, int] = {
        one.number: sum(other.under_way for versions in found for other in versions if other.number == one.number)
        for one in longest
    }
    return [Version(one.number, one.sha256, one.at, under_way[one.number]) for one in longest]
