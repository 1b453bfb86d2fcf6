"""Which sagas may be forgotten, and forgetting them: with all their rows, and with the request ids that stand for them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, and_, delete, exists, or_, select

from saga_service import tables
from saga_service.kept.escalations import is_settled
from saga_service.kept.tables import acts, checks, findings, hook_calls
from saga_service.records import NotificationState, SagaState

_ROWS = (acts, checks, findings, tables.notifications, tables.callbacks, tables.attempts, tables.steps, tables.states)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Forgets sagas.

    Attributes:
        engine: The saga service's database.
    """

    engine: Engine

    def due(self, ended_before: float, limit: int) -> list[str]:
        """Give sagas that came to their end before a time and that nobody has to look at any more, the oldest first.

        A saga that is looked at by the checker waits for its last look, an escalated one for the person who settles it.
        """
        sagas = tables.sagas.c
        wanted = select(sagas.saga_id).where(sagas.updated_at < ended_before, _is_over())
        with self.engine.execution_options(reads=True).connect() as connection:
            return list(connection.execute(wanted.order_by(sagas.updated_at).limit(limit)).scalars())

    def forget(self, saga_ids: Collection[str]) -> int:
        """Forget those of these sagas that nobody has to look at; gives how many those are."""
        sagas = tables.sagas.c
        with self.engine.begin() as connection:
            wanted = select(sagas.saga_id).where(sagas.saga_id.in_(saga_ids), _is_over()).with_for_update(of=tables.sagas)
            found = list(connection.execute(wanted).scalars())
            states = select(tables.states.c.id).where(tables.states.c.saga_id.in_(found))
            connection.execute(delete(hook_calls).where(hook_calls.c.state_id.in_(states)))
            for table in (*_ROWS, tables.sagas):
                connection.execute(delete(table).where(table.c.saga_id.in_(found)))
            return len(found)


def _is_over() -> Any:
    sagas, told = tables.sagas.c, tables.notifications.c
    looked_at = exists().where(checks.c.saga_id == sagas.saga_id, checks.c.ended_at == sagas.updated_at, checks.c.is_final)
    untold = exists().where(told.saga_id == sagas.saga_id, told.state == NotificationState.PENDING)
    at_rest = and_(sagas.state.in_((SagaState.COMMITTED, SagaState.COMPENSATED)), looked_at)
    return or_(at_rest, and_(sagas.state == SagaState.ESCALATED, is_settled(), ~untold))
