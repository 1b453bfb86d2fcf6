"""Webhooks as work: an event's calls are put into the queue, each attempt is a workflow, and a failed one puts in the next.

What waits for its time waits in the work database: a process that is killed loses nothing. A call that was under way is made
again.
"""

from datetime import timedelta

from saga_broker.acts.events.calling import attempt
from saga_broker.events.event import Event
from saga_broker.store import triggered as triggered_store
from saga_broker.store.database.types import now
from saga_broker.webhooks.model import Triggered
from saga_broker.work.engine import Queue
from saga_broker.work.work import Work

QUEUE = Queue("webhooks", at_once=8)
WORKFLOW = "call_webhook"
OVERDUE = timedelta(minutes=2)
KEEP = timedelta(days=90)
_BATCH = 500


def on_event(work: Work, event: Event) -> None:
    """Put the calls that an event asked for into the queue."""
    with work.database.read() as connection:
        found = triggered_store.of_event(connection, event.id)
    for triggered in found:
        _enqueue_next(work, triggered)


def call_webhook(work: Work, uuid: str, number: int) -> None:
    """Make an attempt, and put the next one into the queue when there is to be one."""
    delay_s = work.engine.step("attempt", _attempt, work, uuid, number)
    if delay_s is not None:
        _enqueue(work, uuid, number + 1, delay_s)


def enqueue_overdue(work: Work) -> None:
    """Put calls into the queue again that ought to have been made, and are in no queue any more.

    The work database was lost, or an attempt could not be recorded. Those that only wait for their turn are left alone.
    """
    with work.database.read() as connection:
        found = triggered_store.overdue(connection, now() - OVERDUE, _BATCH)
    for triggered in found:
        number = triggered.attempts_made + 1
        names = [f"{triggered.uuid}.{number}", f"{triggered.uuid}.{number}.again"]
        if not any(work.engine.is_under_way(name) for name in names):
            work.engine.forget(names[1])
            work.engine.enqueue(QUEUE.name, WORKFLOW, names[1], triggered.uuid, number)


def forget_old(work: Work) -> None:
    """Delete what became of calls long ago."""
    with work.database.write() as connection:
        triggered_store.forget(connection, now() - KEEP)


def _attempt(work: Work, uuid: str, number: int) -> float | None:
    return attempt(work.database, work.settings.webhooks, uuid, number).delay_s


def _enqueue_next(work: Work, triggered: Triggered) -> None:
    if triggered.due_at is not None:
        delay_s = max(0.0, (triggered.due_at - now()).total_seconds())
        _enqueue(work, triggered.uuid, triggered.attempts_made + 1, delay_s)


def _enqueue(work: Work, uuid: str, number: int, delay_s: float) -> None:
    work.engine.enqueue(QUEUE.name, WORKFLOW, f"{uuid}.{number}", uuid, number, delay_s=delay_s)
