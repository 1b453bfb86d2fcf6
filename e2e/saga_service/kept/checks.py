"""What the checker remembers: when which saga is looked at, what it was told and found. Every method is one transaction."""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, exists, insert, or_, select, update

from saga_service import tables
from saga_service.kept.tables import checks, findings
from saga_service.records import NotificationState, SagaState, StepState

LEASE_S = 600.0
"""So long a saga that is being looked at is left alone by the other processes."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, as it is kept.

    Attributes:
        state: The saga's state before.
        finding: `effect_lost` or `effect_returned`.
        told: What the participant told of the step.
        action: `noted`, `undone` or `told`.
        at: Seconds since 1970.
    """

    step: str
    state: str
    finding: str
    told: str
    action: str
    at: float


@dataclass(frozen=True, slots=True)
class Change:
    """What findings change, all at once.

    Attributes:
        old: The saga's state before.
        new: After; the same one when the findings are only noted.
        reason: In words.
        steps: The new state and the outcome of steps.
        tell: What the owner is told: pairs of step and event.
    """

    old: SagaState
    new: SagaState
    reason: str
    steps: Mapping[str, tuple[StepState, str]]
    tell: Mapping[tuple[str, str], NotificationState]


class Checks:
    """The checker's memory.

    Args:
        engine: The saga service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def take_due(self, states: Collection[SagaState], older_than: float, limit: int) -> list[str]:
        """Take sagas that have been at one of these ends since before a time and are still to be looked at, the oldest first.

        Nobody else gets them for `LEASE_S`.
        """
        now, sagas = time.time(), tables.sagas.c
        looked_at = exists().where(
            checks.c.saga_id == sagas.saga_id,
            checks.c.ended_at == sagas.updated_at,
            or_(checks.c.is_final, checks.c.next_at > now),
        )
        due = (
            select(sagas.saga_id, sagas.updated_at)
            .where(sagas.state.in_(states), sagas.updated_at <= older_than, ~looked_at)
            .order_by(sagas.updated_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=tables.sagas)
        )
        with self._engine.begin() as connection:
            locked = [row.saga_id for row in connection.execute(due)]
            # Once more: another process may have taken some between this one's look and its locks.
            still = select(sagas.saga_id, sagas.updated_at).where(sagas.saga_id.in_(locked), ~looked_at)
            rows = connection.execute(still.order_by(sagas.updated_at)).all()
            for row in rows:
                _note(connection, row.saga_id, ended_at=row.updated_at, next_at=now + LEASE_S)
            return [row.saga_id for row in rows]

    def note(self, saga_id: str, verdict: str, answers: Mapping[str, str], *, is_final: bool, again_at: float = 0.0) -> None:
        """Record what a look came to, and when the next one is due."""
        with self._engine.begin() as connection:
            ended_at = connection.execute(select(tables.sagas.c.updated_at).where(tables.sagas.c.saga_id == saga_id)).scalar_one()
            looked = {"verdict": verdict, "answers": answers, "is_final": is_final, "looked_at": time.time()}
            _note(connection, saga_id, ended_at=ended_at, next_at=again_at, **looked)

    def tries(self, saga_id: str) -> int:
        """Give how often a saga's present end was looked at."""
        joined = and_(checks.c.saga_id == tables.sagas.c.saga_id, checks.c.ended_at == tables.sagas.c.updated_at)
        with self._reading.connect() as connection:
            found = connection.execute(
                select(checks.c.tries).join(tables.sagas, joined).where(checks.c.saga_id == saga_id)
            ).scalar()
        return int(found or 0)

    def apply(self, saga_id: str, change: Change, found: Collection[Found]) -> bool:
        """Record findings together with all that they change; False when the saga is not in the old state any more."""
        now = time.time()
        with self._engine.begin() as connection:
            wanted = and_(tables.sagas.c.saga_id == saga_id, tables.sagas.c.state == change.old)
            moved = (
                update(tables.sagas).where(wanted).values(state=change.new, reason=change.reason, updated_at=now, offered_at=now)
            )
            if connection.execute(moved).rowcount != 1:
                return False
            if change.new != change.old:
                connection.execute(insert(tables.states).values(saga_id=saga_id, state=change.new, at=now))
            for step, (state, outcome) in change.steps.items():
                _move_step(connection, saga_id, step, state, outcome)
            connection.execute(insert(findings), [{"saga_id": saga_id, **asdict(one), "at": now} for one in found])
            _tell(connection, saga_id, change.tell)
            return True

    def found(self, saga_id: str) -> list[Found]:
        """Give what the checker found at a saga, the oldest first."""
        columns = [findings.c[name] for name in ("step", "state", "finding", "told", "action", "at")]
        with self._reading.connect() as connection:
            rows = connection.execute(select(*columns).where(findings.c.saga_id == saga_id).order_by(findings.c.id))
            return [Found(*row) for row in rows]

    def returned(self, saga_id: str) -> dict[str, int]:
        """Give how often each step's effect was found back."""
        return Counter(one.step for one in self.found(saga_id) if one.finding == "effect_returned")

    def last(self, saga_id: str) -> dict[str, Any] | None:
        """Give the last look at a saga: verdict, answers, time; None when there was none."""
        with self._reading.connect() as connection:
            row = connection.execute(select(checks).where(checks.c.saga_id == saga_id, checks.c.looked_at.is_not(None))).first()
        if row is None:
            return None
        return {"verdict": row.verdict, "answers": row.answers, "tries": row.tries, "looked_at": row.looked_at}


def _note(connection: Connection, saga_id: str, *, ended_at: float, **values: Any) -> None:
    """Count a look at a saga, from the beginning when it is at another end by now."""
    before = connection.execute(select(checks.c.ended_at, checks.c.tries).where(checks.c.saga_id == saga_id)).first()
    looked = int(values.get("looked_at") is not None)
    if before is None:
        row = {"is_final": False, "tries": looked, "ended_at": ended_at, **values}
        connection.execute(insert(checks).values(saga_id=saga_id, **row))
        return
    tries = looked + (before.tries if before.ended_at == ended_at else 0)
    row = {"is_final": False, "tries": tries, "ended_at": ended_at, **values}
    connection.execute(update(checks).where(checks.c.saga_id == saga_id).values(row))


def _move_step(connection: Connection, saga_id: str, step: str, state: StepState, outcome: str) -> None:
    """Change a step's state, and forget how often it was undone: it is undone anew."""
    columns = tables.steps.c
    connection.execute(
        update(tables.steps)
        .where(columns.saga_id == saga_id, columns.step == step)
        .values(state=state, outcome=outcome, updated_at=time.time())
    )
    tried = tables.attempts.c
    connection.execute(delete(tables.attempts).where(tried.saga_id == saga_id, tried.step == step, tried.role == "compensate"))


def _tell(connection: Connection, saga_id: str, tell: Mapping[tuple[str, str], NotificationState]) -> None:
    told = tables.notifications.c
    for (step, event), state in tell.items():
        one = and_(told.saga_id == saga_id, told.step == step, told.event == event)
        connection.execute(delete(tables.notifications).where(one))
        row = {"saga_id": saga_id, "step": step, "event": event, "state": state, "tries": 0, "updated_at": time.time()}
        connection.execute(insert(tables.notifications).values(row))
