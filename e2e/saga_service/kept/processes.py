"""The processes that work on one database: which of them live, and which sagas have nobody.

A saga is leased to a process for as long as that process lives. No clock is compared with another machine's: each process counts
its beats here, and whoever watches sees by its own clock that they stand still. A process that was taken for dead and is not
finds itself gone, and everything that it still tries to write for its old sagas is refused.
"""

import time
import uuid

from sqlalchemy import Engine, and_, delete, insert, or_, select, update

from saga_service import tables
from saga_service.records import OPEN


class Processes:
    """Who works on a database.

    Args:
        engine: The saga service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def enter(self, name: str) -> str:
        """Enter a process that begins to work; gives its id. An earlier one of the same name is dead."""
        columns, process_id, now = tables.processes.c, uuid.uuid4().hex, time.time()
        with self._engine.begin() as connection:
            connection.execute(delete(tables.processes).where(columns.name == name))
            row = {"process_id": process_id, "name": name, "beats": 0, "begun_at": now, "beat_at": now}
            connection.execute(insert(tables.processes).values(row))
        return process_id

    def beat(self, process_id: str) -> bool:
        """Say that a process lives; False when it was taken for dead."""
        columns = tables.processes.c
        with self._engine.begin() as connection:
            beaten = connection.execute(
                update(tables.processes)
                .where(columns.process_id == process_id)
                .values(beats=columns.beats + 1, beat_at=time.time())
            )
            return beaten.rowcount == 1

    def beats(self) -> dict[str, int]:
        """Give the number of beats of each process."""
        columns = tables.processes.c
        with self._reading.connect() as connection:
            return {row.process_id: row.beats for row in connection.execute(select(columns.process_id, columns.beats))}

    def remove(self, process_id: str, beats: int | None = None) -> bool:
        """Take a process for dead, unless it has beaten again; False when it was not there so."""
        columns = tables.processes.c
        known = columns.process_id == process_id
        with self._engine.begin() as connection:
            gone = connection.execute(
                delete(tables.processes).where(known if beats is None else and_(known, columns.beats == beats))
            )
            return gone.rowcount == 1

    def take_orphans(self, waiting_s: float, limit: int) -> list[str]:
        """Take open sagas whose process is dead, or that nobody has begun for so long; the oldest first.

        They are nobody's then, and nobody else gets them here for as long again.
        """
        sagas, now = tables.sagas.c, time.time()
        waits = and_(sagas.worker.is_(None), sagas.offered_at <= now - waiting_s)
        found = (
            select(sagas.saga_id)
            .where(sagas.state.in_(OPEN), or_(waits, tables.is_dead(sagas.worker)))
            .order_by(sagas.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=tables.sagas)
        )
        with self._engine.begin() as connection:
            taken = list(connection.execute(found).scalars())
            if taken:
                free = update(tables.sagas).where(sagas.saga_id.in_(taken)).values(worker=None, offered_at=now)
                connection.execute(free)
        return taken
