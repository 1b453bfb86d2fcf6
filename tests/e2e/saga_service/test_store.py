"""What the saga service remembers is the same on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import on_both_databases
from saga_service.records import Role, SagaRecord, SagaState
from saga_service.store import Store

pytestmark = on_both_databases

ODD: dict[str, Any] = {"nul": "a\x00b", "half": "\ud800", "large": 2**70, "small": 1e-300, "endless": float("inf"), "none": None}


@pytest.fixture
def url(database: Callable[[Path], dict[str, str]], tmp_path: Path) -> str:
    return database(tmp_path)["DATABASE_URL"]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    store.put_definition("any", "{}")
    yield store
    store.close()


def new_saga(store: Store, payload: dict[str, Any], saga_id: str = "s1") -> SagaRecord:
    definition_id = store.current_definition("any")
    assert definition_id is not None
    wanted = SagaRecord(saga_id, "any", definition_id, "r1", payload, SagaState.RUNNING, None)
    return store.create_saga(wanted, ["a"])


def test_what_services_send_is_kept_as_it_came(store: Store) -> None:
    new_saga(store, ODD)
    store.end_attempt(store.begin_attempt("s1", "a", Role.FORWARD), "done", 200, ODD)
    store.add_callback("s1", "a", "done", ODD)
    saga, callback = store.saga("s1"), store.callback("s1", "a")
    assert saga is not None
    assert callback is not None
    assert saga.payload == callback.body == store.attempts("s1")[0].outputs == ODD


def test_a_request_id_has_one_saga(store: Store) -> None:
    assert new_saga(store, {"n": 1}).saga_id == new_saga(store, {"n": 1}, "s2").saga_id == "s1"
    assert store.saga("s2") is None


def test_a_definition_that_is_put_by_several_at_once_is_new_once(store: Store, together: Callable[..., list[Any]]) -> None:
    for number in range(5):
        results = together(*[lambda number=number: store.put_definition("wanted", f"[{number}]")] * 8)
        assert sum(results) == 1


def test_several_that_open_a_new_database_at_once_all_find_its_tables(url: str, together: Callable[..., list[Any]]) -> None:
    stores = together(*[lambda: Store(url)] * 4)
    for store in stores:
        store.check()
        store.close()
