"""Who takes part in the broker's own work: subscribers of events, workflows, the queues that broker processes work on, chores.

To add to it: write the module in this room, and name here what it brings.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from saga_broker.settings import Settings
from saga_broker.store import events as event_store
from saga_broker.store.database.engine import Database
from saga_broker.store.database.types import now
from saga_broker.work import jobs, saga_watch, webhook_calls
from saga_broker.work.engine import Engine, Queue
from saga_broker.work.work import Chore, Relay, Subscriber, Work

KEEP_EVENTS = timedelta(days=30)

SUBSCRIBERS: tuple[Subscriber, ...] = (webhook_calls.on_event, saga_watch.on_event, jobs.on_event)
WORKFLOWS: dict[str, Callable[..., Any]] = {
    webhook_calls.WORKFLOW: webhook_calls.call_webhook,
    saga_watch.JUDGE: saga_watch.judge,
    saga_watch.TELL_WAIVER: saga_watch.tell_of_waiver,
}
"""Functions of (work, *arguments) by name."""
QUEUES: tuple[Queue, ...] = (webhook_calls.QUEUE, saga_watch.QUEUE)


def _forget_events(work: Work) -> None:
    with work.database.write() as connection:
        event_store.forget(connection, now() - KEEP_EVENTS)


CHORES: tuple[Chore, ...] = (
    Chore("taking over what dead processes left", 5.0, lambda work: work.engine.take_over()),
    Chore("forgetting old events", 3600.0, _forget_events),
    Chore("looking at waivers", 3600.0, saga_watch.look_at_waivers),
    Chore("calling webhooks that are overdue", 60.0, webhook_calls.enqueue_overdue),
    Chore("forgetting old calls of webhooks", 3600.0, webhook_calls.forget_old),
    Chore("offering jobs to workers", 0.0, jobs.keep_offers),
    Chore("forgetting old offers and workers", 3600.0, jobs.forget),
)


def relay(settings: Settings, database: Database, clock: Callable[[], datetime] = now) -> Relay:
    """Put the work of this process together; it begins with `start`."""
    workflows: dict[str, Callable[..., Any]] = {}
    work = Work(settings, database, Engine(settings, QUEUES, workflows), clock)
    workflows.update({name: _with(work, function) for name, function in WORKFLOWS.items()})
    return Relay(work, SUBSCRIBERS, CHORES)


def _with(work: Work, function: Callable[..., Any]) -> Callable[..., Any]:
    def workflow(*args: Any) -> Any:
        return function(work, *args)

    return workflow
