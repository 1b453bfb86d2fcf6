"""All that the saga service remembers: every method is one transaction.

Each change of a state names the states it may come from, so that what was settled once is not settled again otherwise.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from saga_service import tables
from saga_service.records import (
    OPEN,
    Attempt,
    Callback,
    Notification,
    NotificationState,
    Role,
    SagaRecord,
    SagaState,
    StepRecord,
    StepState,
)

_AT_ONCE = 500
"""So many values stand in one statement at most."""


class LostLeaseError(Exception):
    """Another process works on this saga by now."""


class Store:
    """The saga service's own database.

    Args:
        url: A SQLAlchemy URL; the tables are made when they are missing.

    Attributes:
        worker: The process that it works for, by its id: then it changes no open saga that another process has. None: it looks
            after nobody's lease.
    """

    def __init__(self, url: str) -> None:
        self._engine = tables.open_engine(url)
        self._reading = self._engine.execution_options(reads=True)
        self.worker: str | None = None

    @property
    def reading(self) -> Engine:
        """The database, for transactions that only read."""
        return self._reading

    @property
    def engine(self) -> Engine:
        """The database, for those who keep tables of their own beside these."""
        return self._engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Return when the database answers, raise SQLAlchemy's error when not."""
        with self._reading.connect() as connection:
            connection.execute(select(tables.sagas.c.saga_id).limit(1))

    def put_definition(self, saga: str, content: str) -> bool:
        """Make a definition the current one; False when it is that already."""
        with self._engine.begin() as connection:
            tables.take_turns(connection, tables.definitions)
            current = connection.execute(_current_definition(saga)).first()
            if current is not None and current.content == content:
                return False
            connection.execute(insert(tables.definitions).values(saga=saga, content=content, created_at=time.time()))
            return True

    def current_definition(self, saga: str) -> int | None:
        """Give the id of a saga's current definition."""
        with self._reading.connect() as connection:
            row = connection.execute(_current_definition(saga)).first()
        return None if row is None else row.id

    def definition(self, definition_id: int) -> str:
        """Give a definition's content."""
        with self._reading.connect() as connection:
            content: str = connection.execute(
                select(tables.definitions.c.content).where(tables.definitions.c.id == definition_id)
            ).scalar_one()
        return content

    def create_saga(self, saga: SagaRecord, steps: Iterable[str]) -> SagaRecord:
        """Store a new saga, or give the one that was stored with the same request id."""
        now = time.time()
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(tables.sagas).values(
                        saga_id=saga.saga_id,
                        saga=saga.saga,
                        definition_id=saga.definition_id,
                        request_id=saga.request_id,
                        payload=saga.payload,
                        state=saga.state,
                        created_at=now,
                        updated_at=now,
                        offered_at=now,
                    )
                )
                connection.execute(insert(tables.states).values(saga_id=saga.saga_id, state=saga.state, at=now))
                rows = [
                    {
                        "saga_id": saga.saga_id,
                        "step": step,
                        "position": position,
                        "state": StepState.PENDING,
                        "outputs": {},
                        "updated_at": now,
                    }
                    for position, step in enumerate(steps)
                ]
                connection.execute(insert(tables.steps), rows)
        except IntegrityError:
            stored = self.saga_of_request(saga.saga, saga.request_id)
            if stored is None:
                raise
            return stored
        return replace(saga, created_at=now)

    def claim(self, saga_id: str) -> bool:
        """Take an open saga for this process, unless another one that lives has it."""
        sagas = tables.sagas.c
        free = or_(sagas.worker.is_(None), sagas.worker == self.worker, tables.is_dead(sagas.worker))
        with self._engine.begin() as connection:
            claimed = connection.execute(
                update(tables.sagas).where(sagas.saga_id == saga_id, sagas.state.in_(OPEN), free).values(worker=self.worker)
            )
            return claimed.rowcount == 1

    def saga_of_request(self, saga: str, request_id: str) -> SagaRecord | None:
        """Give the saga that was started with a request id, or None."""
        columns = tables.sagas.c
        with self._reading.connect() as connection:
            row = connection.execute(select(tables.sagas).where(columns.saga == saga, columns.request_id == request_id)).first()
        return None if row is None else _saga(row)

    def saga(self, saga_id: str) -> SagaRecord | None:
        """Give a saga, or None."""
        with self._reading.connect() as connection:
            row = connection.execute(select(tables.sagas).where(tables.sagas.c.saga_id == saga_id)).first()
        return None if row is None else _saga(row)

    def move_saga(
        self,
        saga_id: str,
        old: SagaState,
        new: SagaState,
        reason: str | None = None,
        tell: Mapping[tuple[str, str], NotificationState] | None = None,
    ) -> bool:
        """Change a saga's state, together with what the owner has to be told (pairs of step and event).

        At its end it is nobody's, and from its end on anybody's.

        Raises:
            LostLeaseError: when it is another process's.
        """
        now, sagas = time.time(), tables.sagas.c
        values: dict[str, Any] = {"state": new, "reason": func.coalesce(reason, sagas.reason), "updated_at": now}
        if (old in OPEN) != (new in OPEN):
            values |= {"worker": None, "offered_at": now}
        with self._engine.begin() as connection:
            self._hold(connection, saga_id, may_be_over=True)
            changed = connection.execute(update(tables.sagas).where(sagas.saga_id == saga_id, sagas.state == old).values(values))
            if changed.rowcount != 1:
                return False
            connection.execute(insert(tables.states).values(saga_id=saga_id, state=new, at=now))
            rows = [
                {"saga_id": saga_id, "step": step, "event": event, "state": state, "tries": 0, "updated_at": now}
                for (step, event), state in (tell or {}).items()
            ]
            if rows:
                connection.execute(insert(tables.notifications), rows)
            return True

    def history(self, saga_id: str) -> list[SagaState]:
        """Give the states that a saga went through, in order."""
        with self._reading.connect() as connection:
            rows = connection.execute(
                select(tables.states.c.state).where(tables.states.c.saga_id == saga_id).order_by(tables.states.c.id)
            )
            return [SagaState(row.state) for row in rows]

    def steps(self, saga_id: str) -> dict[str, StepRecord]:
        """Give a saga's steps, in the order of its definition."""
        with self._reading.connect() as connection:
            rows = connection.execute(
                select(tables.steps).where(tables.steps.c.saga_id == saga_id).order_by(tables.steps.c.position)
            )
            return {row.step: StepRecord(row.step, StepState(row.state), row.outcome, row.outputs) for row in rows}

    def move_step(self, saga_id: str, record: StepRecord, old: Collection[StepState]) -> bool:
        """Change a step's state when it is one of `old`; an outcome that was recorded stays when none is given.

        Raises:
            LostLeaseError: when the saga is another process's.
        """
        columns = tables.steps.c
        values: dict[Any, Any] = {"state": record.state, "updated_at": time.time()}
        if record.outcome is not None:
            values |= {"outcome": record.outcome, "outputs": record.outputs}
        with self._engine.begin() as connection:
            self._hold(connection, saga_id, may_be_over=True)
            changed = connection.execute(
                update(tables.steps)
                .where(columns.saga_id == saga_id, columns.step == record.step, columns.state.in_(old))
                .values(values)
            )
            return changed.rowcount == 1

    def begin_attempt(self, saga_id: str, step: str, role: Role) -> int:
        """Record that a call is about to be sent; gives the attempt's id.

        Raises:
            LostLeaseError: when the saga is another process's: then the call is not to be sent.
        """
        with self._engine.begin() as connection:
            self._hold(connection, saga_id, may_be_over=False)
            attempt_id: int = connection.execute(
                insert(tables.attempts)
                .values(saga_id=saga_id, step=step, role=role, outputs={}, started_at=time.time())
                .returning(tables.attempts.c.id)
            ).scalar_one()
        return attempt_id

    def end_attempt(self, attempt_id: int, outcome: str, status: int | None, outputs: Mapping[str, Any]) -> float:
        """Record what a call came to; gives the time."""
        now = time.time()
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.attempts)
                .where(tables.attempts.c.id == attempt_id)
                .values(outcome=outcome, status=status, outputs=outputs, ended_at=now)
            )
        return now

    def attempts(self, saga_id: str) -> list[Attempt]:
        """Give every attempt of a saga, the oldest first."""
        with self._reading.connect() as connection:
            rows = connection.execute(
                select(tables.attempts).where(tables.attempts.c.saga_id == saga_id).order_by(tables.attempts.c.id)
            )
            return [Attempt(row.step, Role(row.role), row.outcome, row.outputs, row.ended_at, row.status) for row in rows]

    def add_callback(self, saga_id: str, step: str, outcome: str | None, body: Any) -> None:
        """Record a callback; `outcome` is None when it told nothing that the step declares."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(tables.callbacks).values(saga_id=saga_id, step=step, outcome=outcome, body=body, received_at=time.time())
            )

    def callback(self, saga_id: str, step: str) -> Callback | None:
        """Give the first callback of a step that told an outcome."""
        columns = tables.callbacks.c
        with self._reading.connect() as connection:
            row = connection.execute(
                select(columns.outcome, columns.body)
                .where(columns.saga_id == saga_id, columns.step == step, columns.outcome.is_not(None))
                .order_by(columns.id)
                .limit(1)
            ).first()
        return None if row is None else Callback(row.outcome, row.body)

    def called_back(self, saga_ids: Iterable[str]) -> list[tuple[str, str]]:
        """Give the sagas and steps, of these sagas, whose outcome a callback has told."""
        columns, wanted, found = tables.callbacks.c, list(saga_ids), list[tuple[str, str]]()
        with self._reading.connect() as connection:
            for place in range(0, len(wanted), _AT_ONCE):
                some = columns.saga_id.in_(wanted[place : place + _AT_ONCE])
                rows = connection.execute(select(columns.saga_id, columns.step).where(some, columns.outcome.is_not(None)))
                found += [(row.saga_id, row.step) for row in rows]
        return found

    def notifications(self, saga_id: str) -> list[Notification]:
        """Give what the owner of a saga is to be told."""
        columns = tables.notifications.c
        with self._reading.connect() as connection:
            rows = connection.execute(
                select(tables.notifications).where(columns.saga_id == saga_id).order_by(columns.step, columns.event)
            )
            return [Notification(row.step, row.event, NotificationState(row.state), row.tries) for row in rows]

    def _hold(self, connection: Connection, saga_id: str, *, may_be_over: bool) -> None:
        """See to it that a saga is this process's to the end of the transaction.

        Raises:
            LostLeaseError: when it is not.
        """
        if self.worker is None:
            return
        sagas = tables.sagas.c
        held = select(sagas.worker, sagas.state).where(sagas.saga_id == saga_id).with_for_update(read=True)
        row = connection.execute(held).one()
        if row.worker != self.worker and not (may_be_over and row.state not in OPEN):
            raise LostLeaseError(saga_id)


def _current_definition(saga: str) -> Select[Any]:
    return select(tables.definitions).where(tables.definitions.c.saga == saga).order_by(tables.definitions.c.id.desc()).limit(1)


def _saga(row: Row[Any]) -> SagaRecord:
    state = SagaState(row.state)
    return SagaRecord(
        row.saga_id, row.saga, row.definition_id, row.request_id, row.payload, state, row.reason, row.created_at, row.worker
    )
