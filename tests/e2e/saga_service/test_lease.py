"""A process keeps its sagas while it beats; what a dead one had is offered to all, and a slow one does no further work on it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postgres import on_both_databases
from saga_service.kept.processes import Processes
from saga_service.records import Role, SagaRecord, SagaState, StepRecord, StepState
from saga_service.store import LostLeaseError, Store
from saga_service.work.lease import Lease

pytestmark = on_both_databases


class One:
    """A process with a clock that the test moves."""

    def __init__(self, url: str, name: str) -> None:
        self.store, self.offered, self.now = Store(url), list[str](), 0.0
        self.processes = Processes(self.store.engine)
        self.lease = Lease(self.store, self.processes, name, 10.0, self._offer, clock=lambda: self.now)
        asyncio.run(self.lease.open())

    async def _offer(self, saga_ids: list[str]) -> None:
        self.offered += saga_ids

    def beat(self, *, after_s: float = 2.0) -> list[str]:
        """Beat once, so long after the last time; gives what was offered."""
        self.now += after_s
        self.offered = []
        asyncio.run(self.lease.beat())
        return self.offered


Start = Callable[[str], One]


@pytest.fixture
def start(database: Callable[[Path], dict[str, str]], tmp_path: Path) -> Iterator[Start]:
    url, started = database(tmp_path)["DATABASE_URL"], list[One]()

    def one(name: str) -> One:
        started.append(One(url, name))
        return started[-1]

    yield one
    for process in started:
        process.store.close()


def begin(process: One, saga_id: str) -> None:
    """Let a process begin a saga."""
    process.store.put_definition("any", "{}")
    process.store.create_saga(SagaRecord(saga_id, "any", 1, saga_id, {}, SagaState.RUNNING, None), ["a"])
    assert process.store.claim(saga_id)


def test_what_a_process_had_that_stands_still_is_offered_within_the_lease(start: Start) -> None:
    dead, alive = start("dead"), start("alive")
    begin(dead, "s1")
    offered = [alive.beat() for _ in range(5)]
    assert [bool(one) for one in offered] == [False, False, False, True, False]
    assert offered[3] == ["s1"]
    assert alive.store.claim("s1")


def test_a_process_that_beats_keeps_its_sagas(start: Start) -> None:
    first, second = start("first"), start("second")
    begin(first, "s1")
    for _ in range(10):
        assert first.beat() == second.beat() == []
    assert not second.store.claim("s1")


def test_after_a_pause_of_its_own_a_process_gives_the_others_time_to_beat(start: Start) -> None:
    first, second = start("first"), start("second")
    begin(first, "s1")
    assert second.beat() == second.beat(after_s=100.0) == second.beat() == []
    assert first.beat() == second.beat() == []


def test_the_next_life_of_a_process_takes_up_at_once_what_it_had(start: Start) -> None:
    begin(start("same"), "s1")
    assert start("same").beat(after_s=0.0) == ["s1"]


def test_what_a_process_leaves_in_good_order_is_offered_at_once(start: Start) -> None:
    leaving, other = start("leaving"), start("other")
    begin(leaving, "s1")
    asyncio.run(leaving.lease.close())
    assert other.beat() == ["s1"]


def test_a_process_that_was_taken_for_dead_changes_nothing_of_its_old_sagas_and_enters_anew(start: Start) -> None:
    slow, other = start("slow"), start("other")
    begin(slow, "s1")
    while not other.beat():
        pass
    assert other.store.claim("s1")

    with pytest.raises(LostLeaseError):
        slow.store.begin_attempt("s1", "a", Role.FORWARD)
    with pytest.raises(LostLeaseError):
        slow.store.move_step("s1", StepRecord("a", StepState.RUNNING), (StepState.PENDING,))
    with pytest.raises(LostLeaseError):
        slow.store.move_saga("s1", SagaState.RUNNING, SagaState.COMMITTED)
    assert slow.beat() == []
    assert len(slow.processes.beats()) == 2
    begin(slow, "s2")
    assert slow.store.begin_attempt("s2", "a", Role.FORWARD)


def test_nobody_sends_a_call_for_a_saga_that_another_process_has_ended(start: Start) -> None:
    slow, other = start("slow"), start("other")
    begin(slow, "s1")
    while not other.beat():
        pass
    assert other.store.claim("s1")
    assert other.store.move_saga("s1", SagaState.RUNNING, SagaState.COMMITTED)
    with pytest.raises(LostLeaseError):
        slow.store.begin_attempt("s1", "a", Role.FORWARD)


def test_a_saga_that_nobody_has_begun_is_offered_once_each_lease(start: Start) -> None:
    first, second = start("first"), start("second")
    first.store.put_definition("any", "{}")
    first.store.create_saga(SagaRecord("s1", "any", 1, "s1", {}, SagaState.RUNNING, None), ["a"])
    assert first.processes.take_orphans(10.0, 5) == []
    assert first.processes.take_orphans(0.0, 5) == ["s1"]
    assert second.processes.take_orphans(10.0, 5) == []


def test_of_two_that_look_at_once_one_takes_an_orphan(start: Start, together: Callable[..., list[list[str]]]) -> None:
    dead, first, second = start("dead"), start("first"), start("second")
    for number in range(20):
        begin(dead, f"s{number}")
    dead.processes.remove(dead.store.worker or "")
    taken = together(*(lambda one=one: one.processes.take_orphans(10.0, 3) for one in (first, second) * 5))
    found = [saga_id for batch in taken for saga_id in batch]
    assert len(found) == len(set(found)) > 0
