"""The outbox of callbacks: promised in the transaction that makes the outcome, sent later, tried again until taken.

Sending itself is left to `courier`. Several instances may share the outbox: who sends a callback puts it off for the others.
"""

import time

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from participants.common.database import Database
from participants.vas_packages.tables import Callback, callbacks, orders

SEND_TIMEOUT_S = 2.0
LEASE_MS = 3_000  # longer than sending may take; afterwards the sender must have died, and the callback is due again
FIRST_DELAY_MS = 200
LONGEST_DELAY_MS = 5_000


class Outbox:
    """The callbacks that are still to be taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def promise(self, connection: Connection, key: str, outcome: str) -> None:
        """Promise, within the transaction that makes the outcome, to tell it."""
        connection.execute(insert(callbacks).values(step_key=key, outcome=outcome, tries=0, due_at_ms=_now_ms()))

    def drop(self, connection: Connection, key: str) -> None:
        """Take the promise back: the step was cancelled."""
        connection.execute(delete(callbacks).where(callbacks.c.step_key == key))

    def take_due(self) -> Callback | None:
        """Take one callback that is due, to send it now; None when there is none."""
        due = select(callbacks, orders.c.callback_url, orders.c.saga_id, orders.c.saga_step).join(
            orders, orders.c.step_key == callbacks.c.step_key
        )
        due = due.where(callbacks.c.due_at_ms <= _now_ms()).order_by(callbacks.c.due_at_ms).limit(1)
        with self._database.writing() as connection:
            row = connection.execute(due.with_for_update(of=callbacks, skip_locked=True)).one_or_none()
            if row is None:
                return None
            self._put_off(connection, row.step_key, row.tries + 1, LEASE_MS)
        return self.letter(row)

    def taken(self, callback: Callback) -> None:
        """Forget a callback that was taken."""
        with self._database.writing() as connection:
            self.drop(connection, callback.key)

    def not_taken(self, callback: Callback) -> None:
        """Put a callback off, twice as long each time, up to a bound."""
        delay_ms = min(FIRST_DELAY_MS * 2 ** min(callback.tries - 1, 10), LONGEST_DELAY_MS)
        with self._database.writing() as connection:
            self._put_off(connection, callback.key, callback.tries, delay_ms)

    def seconds_to_next(self, longest: float) -> float:
        """Tell how long nothing is due, at most `longest`."""
        with self._database.reading() as connection:
            due_at_ms = connection.execute(select(func.min(callbacks.c.due_at_ms))).scalar_one()
        return longest if due_at_ms is None else min(max(due_at_ms - _now_ms(), 0) / 1000, longest)

    def letter(self, row: Row[tuple[object, ...]]) -> Callback:
        """Write the callback that belongs to a row of callbacks and orders."""
        correlation = {"Saga-Id": row.saga_id, "Saga-Step": row.saga_step}
        return Callback(
            key=row.step_key,
            url=row.callback_url,
            headers={name: value for name, value in correlation.items() if value is not None},
            body={"key": row.step_key, "outcome": row.outcome},
            tries=row.tries + 1,
        )

    def _put_off(self, connection: Connection, key: str, tries: int, delay_ms: int) -> None:
        row = update(callbacks).where(callbacks.c.step_key == key)
        connection.execute(row.values(tries=tries, due_at_ms=_now_ms() + delay_ms))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
