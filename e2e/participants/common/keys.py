"""Forgetting step keys in time (O30): never while a late call may ask for one, and not kept for ever either.

How long "in time" is and the deletion in batches are the client library's helper; the rows are those of the step ledger.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from participants.common.database import Database
from participants.common.ledger import StepLedger
from participants.common.settings import read_seconds
from participants.common.worker import Worker
from saga_contracts.client.participant import Retention, forget_old_keys

RETENTION = Retention(longest_saga=timedelta(days=1))
LOOK_EVERY_S = 3600.0


class _Keys:
    """The keys of a ledger, as the helper asks for them."""

    def __init__(self, database: Database, ledger: StepLedger) -> None:
        self._database, self._ledger = database, ledger

    def forget(self, before: datetime, most: int) -> int:
        """Delete at most so many keys that were touched before a moment; tell how many."""
        with self._database.writing() as connection:
            return self._ledger.forget(connection, int(before.timestamp() * 1000), most)


@contextmanager
def forgetting_old_keys(name: str, database: Database, ledger: StepLedger) -> Iterator[None]:
    """Forget old keys at the start and once an hour, until the block ends.

    In tests, CLOCK_AHEAD_S says how many seconds later than now it is to be.
    """
    ahead, keys = timedelta(seconds=read_seconds(name, "CLOCK_AHEAD_S")), _Keys(database, ledger)

    def forget() -> float:
        forget_old_keys(keys, RETENTION, datetime.now(UTC) + ahead)
        return LOOK_EVERY_S

    with Worker("forgetting keys", forget).running():
        yield
