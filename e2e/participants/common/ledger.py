"""The step ledger: one row per step key, written in the same transaction as the step's effect.

It gives a participant what a saga asks of every step, whatever the step does: a repeated forward call has one effect and an
equal reply; a refusal stays a refusal; a compensation may come twice, or before its forward call, and is remembered; a forward
call that comes after its compensation does nothing. The unique key makes calls that run side by side wait for one another.

The effect itself is left to the participant: a function that changes its own tables within the transaction it is given. Old rows
are deleted by `keys`.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, MetaData, Select, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError


class StepState(StrEnum):
    """What is durably true of a step."""

    IN_PROGRESS = "in_progress"  # accepted; its effect is still to come
    APPLIED = "applied"  # its effect is there
    REFUSED = "refused"  # no effect, for ever
    COMPENSATED = "compensated"  # its effect was undone, or was forbidden before it came


class Kind(StrEnum):
    """How a forward call was taken."""

    DONE = "done"  # the effect was made now
    DONE_AGAIN = "done_again"  # the effect was there already
    ACCEPTED = "accepted"  # the effect will be made later
    REFUSED = "refused"  # the business says no
    SUSPENDED = "suspended"  # its compensation was there first
    MISUSED = "misused"  # the key belongs to another request


@dataclass(frozen=True, slots=True)
class Effect:
    """What an effect came to: the step's new state and the reply that every repetition will get."""

    state: StepState
    reply: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a forward call was taken, and the reply that belongs to it (empty for SUSPENDED and MISUSED)."""

    kind: Kind
    reply: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the ledger. `fingerprint` is None when the compensation came first."""

    state: StepState
    fingerprint: str | None
    reply: Mapping[str, Any]


class StepLedger:
    """The table `steps` and the rules for it. Every method works within the transaction that it is given."""

    def __init__(self, metadata: MetaData) -> None:
        self.steps = Table(
            "steps",
            metadata,
            Column("step_key", String(200), primary_key=True),
            Column("state", String(20), nullable=False, index=True),
            Column("fingerprint", String(64)),
            Column("reply", JSON, nullable=False),
            Column("touched_at_ms", BigInteger, index=True),  # when its state was written last
        )

    def forward(self, connection: Connection, key: str, request: Mapping[str, Any], make: Callable[[], Effect]) -> Answer:
        """Take a forward call: make the effect if the key is new, else answer from memory.

        Args:
            connection: A writing transaction; the effect must use the same one.
            key: The step key.
            request: What the call asks for; a repetition must ask for the same.
            make: Makes the effect. Called at most once per key, ever, unless it raises (then nothing is remembered).
        """
        fingerprint = _fingerprint(request)
        known = self.claim(connection, key, Step(StepState.IN_PROGRESS, fingerprint, {}))
        if known is not None:
            return _from_memory(known, fingerprint)
        effect = make()
        self.save(connection, key, effect)
        return Answer(_FIRST_ANSWER[effect.state], effect.reply)

    def compensate(self, connection: Connection, key: str, undo: Callable[[], None]) -> None:
        """Take a compensation: undo what was made or is still being made; remember it in any case.

        Args:
            connection: A writing transaction; `undo` must use the same one.
            key: The step key, known or not.
            undo: Undoes the effect of this very key. Called at most once per key.
        """
        known = self.claim(connection, key, Step(StepState.COMPENSATED, None, {}))
        if known is None or known.state is StepState.COMPENSATED:
            return
        if known.state is not StepState.REFUSED:
            undo()
        self.save(connection, key, Effect(StepState.COMPENSATED, known.reply))

    def state_of(self, connection: Connection, key: str) -> StepState | None:
        """Tell what is durably true of a step; None when the key is unknown."""
        step = _read(connection, self._row(key))
        return step.state if step else None

    def lock_if_in_progress(self, connection: Connection, key: str) -> bool:
        """Lock a step that is still in progress, so that its effect can be made; False when it no longer is, or is locked."""
        step = _read(connection, self._row(key).with_for_update(skip_locked=True))
        return step is not None and step.state is StepState.IN_PROGRESS

    def claim(self, connection: Connection, key: str, new: Step) -> Step | None:
        """Write the step if its key is new, else lock the row that is there and return it.

        A second call with the same key waits here until the first one has committed or was rolled back.
        """
        row = {
            "step_key": key,
            "state": new.state,
            "fingerprint": new.fingerprint,
            "reply": dict(new.reply),
            "touched_at_ms": now_ms(),
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(self.steps).values(row))
        except IntegrityError:
            return _read(connection, self._row(key).with_for_update())
        return None

    def save(self, connection: Connection, key: str, effect: Effect) -> None:
        """Write what became of a step whose row this transaction has claimed or locked."""
        row = {"state": effect.state, "reply": dict(effect.reply), "touched_at_ms": now_ms()}
        connection.execute(update(self.steps).where(self.steps.c.step_key == key).values(row))

    def forget(self, connection: Connection, before_ms: int, most: int) -> int:
        """Delete at most so many steps that were touched before a moment, the oldest first, and tell how many.

        Those in progress stay.
        """
        steps = self.steps.c
        old = select(steps.step_key).where(steps.touched_at_ms < before_ms, steps.state != StepState.IN_PROGRESS)
        keys = old.order_by(steps.touched_at_ms).limit(most)
        return connection.execute(delete(self.steps).where(steps.step_key.in_(keys.scalar_subquery()))).rowcount

    def _row(self, key: str) -> Select[Any]:
        return select(self.steps).where(self.steps.c.step_key == key)


def now_ms() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


_FIRST_ANSWER = {
    StepState.APPLIED: Kind.DONE,
    StepState.IN_PROGRESS: Kind.ACCEPTED,
    StepState.REFUSED: Kind.REFUSED,
}
_LATER_ANSWER = {**_FIRST_ANSWER, StepState.APPLIED: Kind.DONE_AGAIN}


def _from_memory(known: Step, fingerprint: str) -> Answer:
    if known.state is StepState.COMPENSATED:  # asked first: a compensation that came first knows no fingerprint
        return Answer(Kind.SUSPENDED, {})
    if known.fingerprint != fingerprint:
        return Answer(Kind.MISUSED, {})
    return Answer(_LATER_ANSWER[known.state], known.reply)


def _read(connection: Connection, rows: Select[Any]) -> Step | None:
    row = connection.execute(rows).one_or_none()
    return Step(StepState(row.state), row.fingerprint, row.reply) if row else None


def _fingerprint(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
