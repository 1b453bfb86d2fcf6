"""Escalated sagas: their list, what persons did about them, and the calls that tell a hook of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, exists, func, insert, or_, select, update

from saga_service import tables
from saga_service.kept.tables import acts, hook_calls
from saga_service.records import Role, SagaState, StepState

SETTLE, RESUME = "settle", "resume"
LEASE_S = 60.0
"""So long an escalation that the hook is being told of is left alone by the other processes."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did about an escalated saga.

    Attributes:
        act: `resume` or `settle`.
        at: Seconds since 1970.
    """

    act: str
    person: str
    note: str
    at: float


@dataclass(frozen=True, slots=True)
class WayOn:
    """How an escalated saga goes on.

    Attributes:
        state: Of the saga.
        steps: The new state of steps, each with the role of the calls that are made anew.
    """

    state: SagaState
    steps: Mapping[str, tuple[StepState, Role]]


@dataclass(frozen=True, slots=True)
class HookCall:
    """One escalation that the hook has not taken yet."""

    state_id: int
    saga_id: str
    tries: int


class Escalations:
    """What is kept of escalations.

    Args:
        engine: The saga service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def listed(self, limit: int, *, after: float = 0.0, settled: bool = False) -> list[dict[str, Any]]:
        """Give escalated sagas, the longest escalated first; those that a person settled only when they are asked for."""
        sagas = tables.sagas.c
        wanted = select(tables.sagas).where(sagas.state == SagaState.ESCALATED, sagas.updated_at > after)
        if not settled:
            wanted = wanted.where(~is_settled())
        with self._reading.connect() as connection:
            rows = connection.execute(wanted.order_by(sagas.updated_at).limit(limit)).all()
            return [_listed(connection, row) for row in rows]

    def one(self, saga_id: str) -> dict[str, Any]:
        """Give what the list tells of one saga, whatever its state."""
        with self._reading.connect() as connection:
            row = connection.execute(select(tables.sagas).where(tables.sagas.c.saga_id == saga_id)).one()
            return _listed(connection, row)

    def count(self) -> int:
        """Give how many escalated sagas nobody has settled."""
        with self._reading.connect() as connection:
            wanted = select(func.count()).where(tables.sagas.c.state == SagaState.ESCALATED, ~is_settled())
            return int(connection.execute(wanted).scalar_one())

    def resume(self, saga_id: str, way: WayOn, person: str, note: str) -> bool:
        """Let an escalated saga go on; False when it is not escalated any more, or settled.

        What the owner was told and how often calls were tried goes from the record into the act: both begin anew.
        """
        now = time.time()
        with self._engine.begin() as connection:
            if _open_since(connection, saga_id) is None:
                return False
            moved = (
                update(tables.sagas)
                .where(tables.sagas.c.saga_id == saga_id)
                .values(state=way.state, updated_at=now, offered_at=now)
            )
            connection.execute(moved)
            connection.execute(insert(tables.states).values(saga_id=saga_id, state=way.state, at=now))
            told = _notifications(connection, saga_id)
            tries = {step: _begin_anew(connection, saga_id, step, *anew) for step, anew in way.steps.items()}
            connection.execute(delete(tables.notifications).where(tables.notifications.c.saga_id == saga_id))
            _record(connection, saga_id, RESUME, person, note, {"notifications": told, "tries": tries})
            return True

    def settle(self, saga_id: str, person: str, note: str) -> bool:
        """Record that a person has settled an escalated saga by hand; False when it is not escalated, or settled already."""
        with self._engine.begin() as connection:
            since = _open_since(connection, saga_id)
            if since is None:
                return False
            _record(connection, saga_id, SETTLE, person, note, {}, not_before=since)
            return True

    def acts(self, saga_id: str) -> list[Act]:
        """Give what persons did about a saga, the oldest first."""
        columns = (acts.c.act, acts.c.person, acts.c.note, acts.c.at)
        with self._reading.connect() as connection:
            return [
                Act(*row) for row in connection.execute(select(*columns).where(acts.c.saga_id == saga_id).order_by(acts.c.id))
            ]

    def take_calls(self, limit: int) -> list[HookCall]:
        """Take escalations that the hook is to be told of now, the oldest first; nobody else gets them for `LEASE_S`."""
        now, states = time.time(), tables.states.c
        untaken = (
            select(states.id, states.saga_id, hook_calls.c.tries)
            .select_from(tables.states.outerjoin(hook_calls, hook_calls.c.state_id == states.id))
            .where(states.state == SagaState.ESCALATED)
            .where(or_(hook_calls.c.state_id.is_(None), and_(~hook_calls.c.is_taken, hook_calls.c.next_at <= now)))
            .order_by(states.id)
        )
        with self._engine.begin() as connection:
            due = untaken.limit(limit).with_for_update(skip_locked=True, of=tables.states)
            locked = [row.id for row in connection.execute(due)]
            # Once more: another process may have taken some between this one's look and its locks.
            rows = connection.execute(untaken.where(states.id.in_(locked))).all()
            for row in rows:
                values = {"tries": row.tries or 0, "next_at": now + LEASE_S, "is_taken": False}
                if row.tries is None:
                    connection.execute(insert(hook_calls).values(state_id=row.id, **values))
                else:
                    connection.execute(update(hook_calls).where(hook_calls.c.state_id == row.id).values(values))
            return [HookCall(row.id, row.saga_id, row.tries or 0) for row in rows]

    def note_call(self, call: HookCall, *, is_taken: bool, next_at: float) -> None:
        """Record what a call of the hook came to."""
        with self._engine.begin() as connection:
            connection.execute(
                update(hook_calls)
                .where(hook_calls.c.state_id == call.state_id)
                .values(tries=call.tries + 1, is_taken=is_taken, next_at=next_at)
            )


def is_settled() -> Any:
    """Is there an act that settles the saga's present escalation?"""
    return exists().where(acts.c.saga_id == tables.sagas.c.saga_id, acts.c.act == SETTLE, acts.c.at >= tables.sagas.c.updated_at)


def _open_since(connection: Connection, saga_id: str) -> float | None:
    """Keep others from acting on a saga, and give since when it is escalated and not settled; None when it is not."""
    sagas = tables.sagas.c
    connection.execute(select(sagas.saga_id).where(sagas.saga_id == saga_id).with_for_update())
    wanted = select(sagas.updated_at).where(sagas.saga_id == saga_id, sagas.state == SagaState.ESCALATED, ~is_settled())
    since: float | None = connection.execute(wanted).scalar()  # looked at after the lock, so after whoever had it before
    return since


def _listed(connection: Connection, row: Any) -> dict[str, Any]:
    steps = tables.steps.c
    wanted = select(steps.step, steps.state, steps.outcome).where(steps.saga_id == row.saga_id).order_by(steps.position)
    return {
        "saga_id": row.saga_id,
        "saga": row.saga,
        "state": row.state,
        "since": row.updated_at,
        "reason": row.reason,
        "steps": {step: {"state": state, "outcome": outcome} for step, state, outcome in connection.execute(wanted)},
        "notifications": _notifications(connection, row.saga_id),
    }


def _notifications(connection: Connection, saga_id: str) -> Sequence[dict[str, Any]]:
    told = tables.notifications.c
    wanted = select(told.step, told.event, told.state, told.tries).where(told.saga_id == saga_id).order_by(told.step, told.event)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _begin_anew(connection: Connection, saga_id: str, step: str, state: StepState, role: Role) -> int:
    """Change a step's state and forget its tries in a role; gives how many there were."""
    columns, tried = tables.steps.c, tables.attempts.c
    where = and_(columns.saga_id == saga_id, columns.step == step)
    connection.execute(update(tables.steps).where(where).values(state=state, updated_at=time.time()))
    return connection.execute(
        delete(tables.attempts).where(tried.saga_id == saga_id, tried.step == step, tried.role == role)
    ).rowcount


def _record(
    connection: Connection, saga_id: str, act: str, person: str, note: str, before: Mapping[str, Any], *, not_before: float = 0.0
) -> None:
    at = max(time.time(), not_before)  # another machine's clock may be ahead
    row = {"saga_id": saga_id, "act": act, "person": person, "note": note, "before": before, "at": at}
    connection.execute(insert(acts).values(row))
