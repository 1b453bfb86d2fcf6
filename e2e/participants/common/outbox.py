"""The outbox of callbacks: promised in the transaction that makes the outcome, told later, told again until taken.

Telling itself is left to `courier`. Several instances may share the outbox: who tells a callback puts it off for the others, for
as long as telling can take; when that instance dies meanwhile, the callback is due again. So each is told at least once.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from participants.common.database import Database
from saga_contracts.client import Outcome, StepCall

SEND_TIMEOUT_S = 2.0
LEASE_MS = 3_000  # longer than telling may take; afterwards the teller must have died, and the callback is due again
FIRST_DELAY_MS = 200
LONGEST_DELAY_MS = 5_000


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where the outcome is to be told, and the correlation headers (None: the call had none) to send with it."""

    callback_url: str
    saga_id: str | None
    saga_step: str | None


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback that is due.

    Attributes:
        values: What its body holds beside what the saga file declares.
        place: Scheme, host and port of its address.
        tries: How often it was told, this time included.
    """

    call: StepCall
    outcome: Outcome
    values: Mapping[str, Any]
    correlation: Mapping[str, str]
    place: str
    tries: int

    @property
    def key(self) -> str:
        """The step key."""
        return str(self.call.key)


class Outbox:
    """The table `callbacks` and the rules for it. Methods that take a connection work within that transaction."""

    def __init__(self, metadata: MetaData) -> None:
        self.callbacks = Table(
            "callbacks",
            metadata,
            Column("step_key", String(200), primary_key=True),
            Column("callback_url", String(2000), nullable=False),
            Column("saga_id", String(200)),
            Column("saga_step", String(200)),
            Column("place", String(2000), nullable=False),  # who answers there: scheme, host and port
            Column("outcome", String(20)),  # done, refused; None: not known yet
            Column("body", JSON, nullable=False),
            Column("tries", Integer, nullable=False),
            Column("due_at_ms", BigInteger, index=True),  # None: not known yet
        )

    def expect(self, connection: Connection, key: str, reply_to: ReplyTo) -> None:
        """Keep where the outcome of a call that was accepted now is to be told."""
        connection.execute(insert(self.callbacks).values(step_key=key, **_address(reply_to), body={}, tries=0))

    def move(self, connection: Connection, key: str, reply_to: ReplyTo) -> None:
        """A repetition of the call may say another place: what is still to be told is told there."""
        connection.execute(self._of(key).values(_address(reply_to)))

    def promise(self, connection: Connection, key: str, outcome: Outcome, values: Mapping[str, Any] | None = None) -> None:
        """Promise, within the transaction that makes the outcome, to tell it."""
        connection.execute(self._of(key).values(outcome=outcome.value, body=dict(values or {}), tries=0, due_at_ms=_now_ms()))

    def drop(self, connection: Connection, key: str) -> None:
        """Nobody waits for the outcome any more: it was taken, or the step was cancelled."""
        connection.execute(delete(self.callbacks).where(self.callbacks.c.step_key == key))

    def take_due(self, database: Database, without: Collection[str] = (), *, first_tries_only: bool = False) -> Callback | None:
        """Take one callback that is due, to tell it now; None when there is none.

        Args:
            database: Where the table is.
            without: Places to which nothing is to be told now.
            first_tries_only: Leave out what was told in vain before.
        """
        due = select(self.callbacks).where(self.callbacks.c.due_at_ms <= _now_ms(), self.callbacks.c.place.not_in(without))
        if first_tries_only:
            due = due.where(self.callbacks.c.tries == 0)
        with database.reading() as connection:  # nearly always nothing: this asks without keeping writers off
            if connection.execute(due.limit(1)).first() is None:
                return None
        with database.writing() as connection:
            row = connection.execute(_first(due, self.callbacks)).one_or_none()
            if row is None:
                return None
            self._put_off(connection, row.step_key, row.tries + 1, LEASE_MS)
        return _callback(row)

    def taken(self, database: Database, callback: Callback) -> None:
        """Tell a callback that was taken no more."""
        with database.writing() as connection:
            self.drop(connection, callback.key)

    def not_taken(self, database: Database, callback: Callback) -> None:
        """Put a callback off, twice as long each time, up to a bound."""
        delay_ms = min(FIRST_DELAY_MS * 2 ** min(callback.tries - 1, 10), LONGEST_DELAY_MS)
        with database.writing() as connection:
            self._put_off(connection, callback.key, callback.tries, delay_ms)

    def seconds_to_next(self, database: Database, longest: float, without: Collection[str] = ()) -> float:
        """Tell how long nothing is due, at most `longest`."""
        due = select(func.min(self.callbacks.c.due_at_ms)).where(self.callbacks.c.place.not_in(without))
        with database.reading() as connection:
            due_at_ms = connection.execute(due).scalar_one()
        return longest if due_at_ms is None else min(max(due_at_ms - _now_ms(), 0) / 1000, longest)

    def _of(self, key: str) -> Any:
        return update(self.callbacks).where(self.callbacks.c.step_key == key)

    def _put_off(self, connection: Connection, key: str, tries: int, delay_ms: int) -> None:
        connection.execute(self._of(key).values(tries=tries, due_at_ms=_now_ms() + delay_ms))


def _address(reply_to: ReplyTo) -> dict[str, str | None]:
    return {**asdict(reply_to), "place": place_of(reply_to.callback_url)}


def place_of(url: str) -> str:
    """Give who answers at an address: its scheme, host and port.

    >>> place_of("http://host:81/callbacks/1?x=y")
    'http://host:81'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _first(due: Select[Any], table: Table) -> Select[Any]:
    return due.order_by(table.c.due_at_ms).limit(1).with_for_update(skip_locked=True)


def _callback(row: Any) -> Callback:
    correlation = {"Saga-Id": row.saga_id, "Saga-Step": row.saga_step}
    return Callback(
        call=StepCall(row.saga_id or "", {}, callback_url=row.callback_url, key=row.step_key),
        outcome=Outcome(row.outcome),
        values=row.body,
        correlation={name: value for name, value in correlation.items() if value is not None},
        place=row.place,
        tries=row.tries + 1,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
