"""The broker's own work: events are handed on after the write that made them happen, whoever fails or dies."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from saga_broker.events.event import EVENTS, Event
from saga_broker.settings import Settings
from saga_broker.store import events as event_store
from saga_broker.store.database.engine import Database
from saga_broker.store.database.migrate import migrate
from saga_broker.work import parts
from saga_broker.work.engine import Queue, work_database_url
from saga_broker.work.work import Chore, Relay, Subscriber, Work

MakeRelay = Callable[..., Relay]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    migrate(made)
    yield made
    made.close()


@pytest.fixture
def make_relay(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeRelay]:
    started: list[Relay] = []

    def make(*subscribers: Subscriber, workflows: dict[str, Any] | None = None, chores: tuple[Chore, ...] = ()) -> Relay:
        monkeypatch.setattr(parts, "SUBSCRIBERS", subscribers)
        monkeypatch.setattr(parts, "WORKFLOWS", workflows or {})
        monkeypatch.setattr(parts, "QUEUES", (Queue("tests", 4),))
        monkeypatch.setattr(parts, "CHORES", chores)
        made = parts.relay(Settings(database_url=database_url, work=True), database)
        started.append(made)
        made.start()
        return made

    yield make
    for one in started:
        one.stop()


def test_an_event_reads_back_as_it_was_written(database: Database) -> None:
    event = Event("contract_published", "Foo", "Bar", "1", content_sha="ab", base_url="http://b", details={"tags": ["a"]})
    with database.write() as connection:
        number = event_store.record(connection, event)
        assert event_store.find(connection, number) == Event(**event.to_json(), id=number)


def test_an_event_is_handed_to_every_subscriber_once_its_transaction_is_over(
    database: Database, make_relay: MakeRelay, until: Any
) -> None:
    seen: list[tuple[str, str]] = []
    relay = make_relay(lambda _, event: seen.append(("a", event.name)), lambda _, event: seen.append(("b", event.name)))
    with database.write() as connection:
        for name in EVENTS:
            event_store.record(connection, Event(name))
    relay.wake()
    until(lambda: len(seen) == 2 * len(EVENTS))
    assert seen == [(which, name) for name in EVENTS for which in "ab"]
    until(lambda: waiting(database) == [])


def test_a_subscriber_that_fails_gets_the_event_again_and_keeps_no_other_waiting(
    database: Database, make_relay: MakeRelay, until: Any
) -> None:
    seen: list[int] = []

    def fails_twice(_: Work, event: Event) -> None:
        seen.append(event.id)
        if event.id == first and seen.count(first) < 3:
            raise RuntimeError

    with database.write() as connection:
        first, second = (event_store.record(connection, Event("contract_published")) for _ in range(2))
    relay = make_relay(fails_twice)
    until(lambda: seen[:2] == [first, second])
    while waiting(database):
        relay.wake()
    assert seen.count(first) == 3
    assert seen.count(second) == 1


def test_a_workflow_under_the_id_of_an_event_is_done_once_though_the_event_comes_again(
    database: Database, make_relay: MakeRelay, until: Any
) -> None:
    done: list[int] = []
    twice = threading.Event()

    def on_event(work: Work, event: Event) -> None:
        work.engine.enqueue("tests", "note", f"note-{event.id}", event.id)
        if not twice.is_set():
            twice.set()
            raise RuntimeError

    def note(work: Work, number: int) -> None:
        work.engine.step("note", done.append, number)

    with database.write() as connection:
        numbers = [event_store.record(connection, Event("contract_published")) for _ in range(2)]
    relay = make_relay(on_event, workflows={"note": note})
    while waiting(database):
        relay.wake()
    until(lambda: sorted(done) == numbers)


def test_a_chore_is_done_at_the_start_and_its_failure_ends_nothing(make_relay: MakeRelay, until: Any) -> None:
    done: list[str] = []

    def fails(_: Work) -> None:
        done.append("failed")
        raise RuntimeError

    make_relay(chores=(Chore("fails", 0.0, fails), Chore("once", 3600.0, lambda _: done.append("once"))))
    until(lambda: done.count("failed") > 1)
    assert done.count("once") == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(database_url="sqlite:///a/b.sqlite"), "sqlite:///a/b-work.sqlite"),
        (Settings(database_url="sqlite:///a.b/c"), "sqlite:///a.b/c-work.sqlite"),
        (Settings(database_url="postgresql://u:p@h/n"), "postgresql+psycopg://u:p@h/n"),
        (Settings(work_database_url="postgresql://w/x"), "postgresql://w/x"),
    ],
)
def test_the_work_database_stands_beside_the_brokers_unless_it_is_named(settings: Settings, expected: str) -> None:
    assert work_database_url(settings) == expected


def waiting(database: Database) -> list[Event]:
    with database.read() as connection:
        return event_store.waiting(connection, 10)
