"""What owners have yet to be told: kept until it is taken, and taken up by whichever process has time when it is due."""

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update

from saga_service import tables
from saga_service.records import Notification, NotificationState


@dataclass(frozen=True, slots=True)
class Due:
    """Something that the owner of a saga is to be told now."""

    saga_id: str
    notification: Notification


class Tellings:
    """What owners have yet to be told.

    Args:
        engine: The saga service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take_due(self, worker: str | None, limit: int) -> list[Due]:
        """Take so many that are due, for this process; nobody else gets them while it lives and has not put them back."""
        columns = tables.notifications.c
        due = (
            select(tables.notifications)
            .where(columns.state == NotificationState.PENDING, columns.next_at <= time.time())
            .where(or_(columns.worker.is_(None), tables.is_dead(columns.worker)))
            .order_by(columns.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=tables.notifications)
        )
        with self._engine.begin() as connection:
            taken = [Due(row.saga_id, Notification(row.step, row.event, NotificationState(row.state), row.tries))
                     for row in connection.execute(due)]  # fmt: skip
            for one in taken:
                connection.execute(update(tables.notifications).where(_is(one)).values(worker=worker))
        return taken

    def note(self, told: Due, next_at: float, worker: str | None) -> bool:
        """Record how far a notification has come, when it is due again, and who keeps it until then.

        Returns:
            False when it need not be told any more.
        """
        values = {"state": told.notification.state, "tries": told.notification.tries, "next_at": next_at, "worker": worker}
        with self._engine.begin() as connection:
            noted = connection.execute(
                update(tables.notifications)
                .where(_is(told), tables.notifications.c.state == NotificationState.PENDING)
                .values(updated_at=time.time(), **values)
            )
            return noted.rowcount == 1


def _is(one: Due) -> ColumnElement[bool]:
    columns = tables.notifications.c
    return and_(columns.saga_id == one.saga_id, columns.step == one.notification.step, columns.event == one.notification.event)
