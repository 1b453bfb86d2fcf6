"""The broker's own work in this process: the relay's thread, which starts the engine, hands events on and does chores.

Who takes part stands in `parts`; nothing else in the broker has to know of it but the wake-up after a write.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from saga_broker.events.event import Event
from saga_broker.settings import Settings
from saga_broker.store import events as event_store
from saga_broker.store.database.engine import Database
from saga_broker.store.database.types import now
from saga_broker.work.engine import Engine

LOOK_S = 1.0  # how often the relay looks by itself, for what other processes wrote
GATHER_S = 0.05  # what is written meanwhile goes into the same round
BATCH = 100
_STOP_WITHIN_S = 15.0
LOG = logging.getLogger("saga_broker.work")


@dataclass(frozen=True, slots=True)
class Work:
    """What those who take part are given.

    Attributes:
        settings: The broker's settings.
        database: The broker's database.
        engine: Takes workflows; it runs before any subscriber, chore or workflow is called.
        clock: Tells the moment of a question about sagas; what is stored bears the real one.
    """

    settings: Settings
    database: Database
    engine: Engine
    clock: Callable[[], datetime] = now


Subscriber = Callable[[Work, Event], None]
"""Is given each event at least once, in no particular thread. Starts workflows under ids made from `event.id`, so that an event
that comes again doubles nothing. An exception lets the event come again later, to every subscriber."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done from time to time, in every broker process.

    Attributes:
        name: For the log.
        every_s: Seconds from one time to the next; the first is right after the start.
        do: Does it. An exception is logged and it is tried again the next time.
    """

    name: str
    every_s: float
    do: Callable[[Work], object]


@dataclass
class Relay:
    """The thread that does it."""

    work: Work
    subscribers: Sequence[Subscriber]
    chores: Sequence[Chore]
    _woken: threading.Event = field(default_factory=threading.Event)
    _ends: threading.Event = field(default_factory=threading.Event)
    _due: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="sagapact-relay", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something was written."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread and the engine."""
        self._ends.set()
        self._woken.set()
        self._thread.join(_STOP_WITHIN_S)
        self.work.engine.stop()

    def _run(self) -> None:
        while not self._ends.is_set() and not self._tried("the engine's start", self.work.engine.start):
            self._ends.wait(LOOK_S * 5)
        while not self._ends.is_set():
            self._woken.clear()
            self._tried("relaying", self._relay)
            self._do_chores()
            if self._woken.wait(LOOK_S):
                self._ends.wait(GATHER_S)

    def _relay(self) -> None:
        """Hand on what waits; a batch of which all failed ends the round."""
        while not self._ends.is_set():
            with self.work.database.read() as connection:
                found = event_store.waiting(connection, BATCH)
            if not found:
                return
            done = {event.id for event in found if self._handed_on(event)}
            with self.work.database.write() as connection:
                event_store.mark_relayed(connection, sorted(done))
                event_store.mark_failed(connection, [event.id for event in found if event.id not in done])
            if len(done) < len(found) or len(found) < BATCH:
                return

    def _handed_on(self, event: Event) -> bool:
        tried = [self._tried(f"event {event.id} {event.name}", one, self.work, event) for one in self.subscribers]
        return all(tried)

    def _do_chores(self) -> None:
        for chore in self.chores:
            if monotonic() >= self._due.get(chore.name, 0.0) and not self._ends.is_set():
                self._due[chore.name] = monotonic() + chore.every_s
                self._tried(chore.name, chore.do, self.work)

    def _tried(self, what: str, function: Callable[..., object], *args: object) -> bool:
        """Do something whose failure must not end the thread: a database may be away for a while."""
        try:
            function(*args)
        except Exception:
            if not self._ends.is_set():
                LOG.exception("%s failed; it is tried again", what)
            return False
        return True
