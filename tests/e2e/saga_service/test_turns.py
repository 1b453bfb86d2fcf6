"""Several processes on one database: what one of them looks at, the others leave alone."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import on_both_databases
from saga_service.kept.checks import Checks
from saga_service.kept.escalations import Escalations, WayOn
from saga_service.kept.forgetting import Forgetting
from saga_service.records import Role, SagaRecord, SagaState, StepState
from saga_service.store import Store

pytestmark = on_both_databases

ENDS = (SagaState.COMMITTED, SagaState.COMPENSATED)


@pytest.fixture
def stores(database: Callable[[Path], dict[str, str]], tmp_path: Path) -> Iterator[list[Store]]:
    url = database(tmp_path)["DATABASE_URL"]
    stores = [Store(url), Store(url)]
    stores[0].put_definition("any", "{}")
    yield stores
    for store in stores:
        store.close()


def _at(store: Store, state: SagaState, number: int) -> list[str]:
    definition_id = store.current_definition("any")
    assert definition_id is not None
    names = [f"{state}-{place}" for place in range(number)]
    for name in names:
        store.create_saga(SagaRecord(name, "any", definition_id, name, {}, SagaState.RUNNING, None), ["a"])
        store.move_saga(name, SagaState.RUNNING, state)
    return names


def test_two_checkers_never_get_the_same_saga(stores: list[Store], together: Any) -> None:
    names = _at(stores[0], SagaState.COMMITTED, 12)
    checks = [Checks(store.engine) for store in stores]
    soon = time.time() + 60
    found = together(*(lambda one=one: one.take_due(ENDS, soon, 5) for one in (*checks, *checks)))
    taken = [name for batch in found for name in batch]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(names)
    rest = [name for batch in iter(lambda: checks[0].take_due(ENDS, soon, 5), []) for name in batch]
    assert sorted(taken + rest) == sorted(names)


def test_a_saga_is_looked_at_again_only_after_its_pause_or_at_another_end(stores: list[Store]) -> None:
    (name,) = _at(stores[0], SagaState.COMMITTED, 1)
    checks, soon = Checks(stores[1].engine), time.time() + 60
    checks.note(name, "unknown", {"a": "retryable"}, is_final=False, again_at=time.time() - 1)
    assert checks.take_due(ENDS, soon, 5) == [name]
    checks.note(name, "unknown", {"a": "retryable"}, is_final=False, again_at=time.time() + 60)
    assert (checks.take_due(ENDS, soon, 5), checks.tries(name)) == ([], 2)
    checks.note(name, "sound", {"a": "applied"}, is_final=True)
    assert checks.take_due(ENDS, soon, 5) == []
    stores[0].move_saga(name, SagaState.COMMITTED, SagaState.COMPENSATED)
    assert (checks.take_due(ENDS, soon, 5), checks.tries(name)) == ([name], 0)


def test_two_processes_never_tell_the_hook_of_the_same_escalation(stores: list[Store], together: Any) -> None:
    names = _at(stores[0], SagaState.ESCALATED, 8)
    kept = [Escalations(store.engine) for store in stores]
    found = together(*(lambda one=one: one.take_calls(5) for one in (*kept, *kept)))
    found += [kept[0].take_calls(10)]
    assert sorted(call.saga_id for batch in found for call in batch) == sorted(names)
    for number, call in enumerate(call for batch in found for call in batch):
        kept[1].note_call(call, is_taken=number > 0, next_at=0.0)
    (again,) = kept[0].take_calls(10)
    assert again.tries == 1


def test_of_those_who_settle_or_resume_one_saga_one_is_first(stores: list[Store], together: Any) -> None:
    names = _at(stores[0], SagaState.ESCALATED, 5)
    kept = [Escalations(store.engine) for store in stores]
    way = WayOn(SagaState.RUNNING, {"a": (StepState.RUNNING, Role.FORWARD)})
    for name in names:
        acts = [lambda one=one, name=name: one.settle(name, "Ada", "by hand") for one in (*kept, *kept)]
        acts += [lambda one=one, name=name: one.resume(name, way, "Bob", "again") for one in (*kept, *kept)]
        assert sum(together(*acts)) == 1
        assert len(kept[0].acts(name)) == 1


def test_only_what_nobody_has_to_look_at_is_forgotten_whoever_asks(stores: list[Store], together: Any) -> None:
    looked_at, other = _at(stores[0], SagaState.COMMITTED, 2)
    stuck = _at(stores[0], SagaState.ESCALATED, 2)
    Checks(stores[0].engine).note(looked_at, "sound", {}, is_final=True)
    assert Escalations(stores[0].engine).settle(stuck[0], "Ada", "paid by hand")
    kept, soon = [Forgetting(store.engine) for store in stores], time.time() + 60
    due = kept[0].due(soon, 10)
    assert sorted(due) == sorted([looked_at, stuck[0]])
    assert sum(together(*(lambda one=one: one.forget(due) for one in kept))) == 2
    assert [stores[0].saga(name) is None for name in (looked_at, other, *stuck)] == [True, False, True, False]
    assert kept[0].forget([other]) == 0
