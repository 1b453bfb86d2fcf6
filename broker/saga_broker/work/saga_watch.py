"""Sagas as work: after what may change it, each saga is judged where it runs; every day, waivers are looked at."""

from saga_broker.acts.events import saga_watch
from saga_broker.acts.events.saga_watch import Expiring
from saga_broker.events.event import DECK_PLAYED, DEPLOYMENT, SAGA_PUBLISHED, VERIFICATION, Event
from saga_broker.store import environments as environment_store
from saga_broker.store import sagas as saga_store
from saga_broker.work.engine import Queue
from saga_broker.work.work import Work

QUEUE = Queue("sagas", at_once=1)
JUDGE, TELL_WAIVER = "judge_saga", "tell_of_waiver"
CHANGES = frozenset({DEPLOYMENT, VERIFICATION, SAGA_PUBLISHED, DECK_PLAYED})


def on_event(work: Work, event: Event) -> None:
    """Let the sagas be judged that an event may concern."""
    if event.name not in CHANGES:
        return
    with work.database.read() as connection:
        sagas = [event.saga] if event.saga is not None else saga_store.concerning(connection, event.provider or "")
        places = [event.environment] if event.environment else [one.name for one in environment_store.listing(connection)]
    for saga in sagas:
        for place in places:
            work.engine.enqueue(QUEUE.name, JUDGE, f"judge-{event.id}-{saga}-{place}", saga, place, event.base_url)


def judge(work: Work, saga: str, environment: str, base_url: str) -> None:
    """Judge a saga in an environment."""
    work.engine.step("judge", saga_watch.look, work.database, work.settings, saga, environment, base_url, work.clock())


def look_at_waivers(work: Work) -> None:
    """Let it be told once of each waiver that comes to its end within a week."""
    with work.database.read() as connection:
        found = list(saga_watch.expiring(connection, work.clock().date()))
    for one in found:
        name = f"waiver-{one.saga}-{one.step}-{one.obligation}-{one.expires}"
        words = (one.saga, one.step, one.participant, one.obligation, one.person, one.expires)
        work.engine.enqueue(QUEUE.name, TELL_WAIVER, name, *words)


def tell_of_waiver(work: Work, *words: str) -> None:
    """Write down that a waiver comes to its end."""
    work.engine.step("tell", saga_watch.announce_expiring, work.database, work.settings, Expiring(*words))
