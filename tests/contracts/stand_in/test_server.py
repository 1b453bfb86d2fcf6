"""A stand-in over HTTP: states, health, callbacks until they are taken, and a memory that outlives the process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import wait_until
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import UsageError
from saga_contracts.rim.server import Answer, LoopbackServer, Received
from saga_contracts.sagafile import parse_saga
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import Serving
from saga_contracts.stand_in.store import SqliteStore
from small_participant import SAGA

HEADERS = {"Key": "s-1:take", "Saga-Id": "s-1", "Saga-Step": "take"}
BODY = {"item": "item-1", "amount": 3}
STOCK = {"state": "stock", "params": {"item": "item-1", "left": 3}, "action": "setup"}


@contextmanager
def serving(saga: Saga, step: str, **options: Any) -> Iterator[httpx.Client]:
    with (
        Serving([Right(step_slice(saga, step))], **options) as served,
        httpx.Client(base_url=served.base_url, trust_env=False) as http,
    ):
        yield http


@pytest.fixture
def small() -> Saga:
    return parse_saga(SAGA, "small.yaml")


def test_it_is_healthy_and_takes_states(small: Saga) -> None:
    with serving(small, "take") as http:
        assert http.get("/health").status_code == 200
        assert http.post("/_states", json=STOCK).status_code == 200
        assert http.get("/items/item-1").json() == {"left": 3}
        assert http.post("/_states", json=STOCK | {"action": "teardown"}).status_code == 200
        assert http.post("/take", json=BODY, headers=HEADERS).headers["Saga-Id"] == "s-1"


@pytest.mark.parametrize(
    ("body", "status"), [({"state": "rain"}, 404), ({"state": 1}, 400), (["stock"], 400), ({"state": "stock", "params": 7}, 400)]
)
def test_a_state_that_is_none_is_refused_in_words(small: Saga, body: Any, status: int) -> None:
    with serving(small, "take") as http:
        reply = http.post("/_states", json=body)
        assert reply.status_code == status
        assert reply.json()["error"].endswith(".") or "stock" in reply.json()["error"]


def test_a_call_that_is_none_is_refused_in_words(small: Saga) -> None:
    with serving(small, "take") as http:
        reply = http.post("/take", json={"item": "item-1"}, headers=HEADERS)
        assert reply.status_code == 404
        assert "is none of the declared calls, or lacks a part of one" in reply.json()["error"]


def test_what_it_remembers_in_a_file_is_there_after_the_process(small: Saga, tmp_path: Path) -> None:
    file = tmp_path / "stand_in.sqlite"
    with serving(small, "take", store=SqliteStore(file)) as http:
        http.post("/_states", json=STOCK)
        first = http.post("/take", json=BODY, headers=HEADERS)
    with serving(small, "take", store=SqliteStore(file)) as http:
        assert http.get("/status", headers=HEADERS).json() == {"state": "taken"}
        assert http.get("/items/item-1").json() == {"left": 0}
        again = http.post("/take", json=BODY, headers=HEADERS)
        assert (again.status_code, again.json()) == (200, first.json())
        assert http.post("/back", json={"item": "item-1"}, headers=HEADERS).status_code == 200
    with serving(small, "take", store=SqliteStore(file)) as http:
        assert http.post("/take", json=BODY, headers=HEADERS).status_code == 409


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database" * 100, encoding="utf-8")
    with pytest.raises(UsageError, match=r"The database .*notes\.txt cannot be used"):
        SqliteStore(tmp_path / "notes.txt")


class Listener:
    """Takes callbacks, the first ones not."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.came: list[tuple[str, dict[str, str], Any]] = []

    def __call__(self, received: Received) -> Answer:
        headers = {name.lower(): value for name, value in received.headers.items()}
        self.came.append((received.method, headers, json.loads(received.body)))
        return Answer(204 if len(self.came) > self.refusals else 503)


def accept(http: httpx.Client, url: str) -> None:
    states = {"state": "a package is on sale", "params": {"user_id": "u", "package": "p", "on_sale": True}}
    assert http.post("/_states", json=states).status_code == 200
    headers = {"Saga-Id": "s-1", "Saga-Step": "create_packages"}
    body = {"user_id": "u", "package": "p", "callback_url": url}
    assert http.put("/package-orders/s-1:create_packages", json=body, headers=headers).status_code == 202


def test_a_callback_is_repeated_until_it_is_taken(vas: Saga) -> None:
    listener = Listener(refusals=2)
    with LoopbackServer(listener) as hook, serving(vas, "create_packages") as http:
        accept(http, f"{hook.base_url}/cb")
        wait_until(lambda: len(listener.came) > 2)
    assert all((method, body) == ("POST", {"key": "s-1:create_packages", "outcome": "done"}) for method, _, body in listener.came)
    assert all((headers["saga-id"], headers["saga-step"]) == ("s-1", "create_packages") for _, headers, _ in listener.came)


def test_work_that_a_dead_process_left_is_finished_by_the_next_one(vas: Saga, tmp_path: Path) -> None:
    listener, file = Listener(refusals=0), tmp_path / "stand_in.sqlite"
    with serving(vas, "create_packages", store=SqliteStore(file)) as http:
        accept(http, "http://127.0.0.1:9/nobody-listens-here")
        wait_until(lambda: http.get("/package-orders/s-1:create_packages").json() == {"state": "on"})
    with LoopbackServer(listener) as hook:
        moved = file.read_bytes().replace(
            b"http://127.0.0.1:9/nobody-listens-here", f"{hook.base_url}/cb".ljust(38, "x").encode()
        )
        file.write_bytes(moved)
        with serving(vas, "create_packages", store=SqliteStore(file)):
            wait_until(lambda: listener.came)
    assert listener.came[0][2]["outcome"] == "done"


def test_a_port_can_be_asked_for_and_a_taken_one_is_an_error(small: Saga) -> None:
    with Serving([Right(step_slice(small, "take"))]) as first:
        port = int(first.base_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), Serving([Right(step_slice(small, "take"))], port=port):
            pass
