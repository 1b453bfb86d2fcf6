"""Right clients are accepted, whatever library they use and however they encode what has to be encoded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, client_cases
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
STYLES = ["httpx", "httpx with async", "aiohttp", "urllib", "http.client in chunks", "http.client with all encoded"]
ORDERS = ["order-1", "a b", "a/b:c", "müßig+50%", "~(x)~"]


@pytest.fixture(scope="module")
def right(load_module: Callable[[str], Any]) -> Any:
    return load_module("right_clients")


@pytest.fixture
def declare_order(make_step: Make, make_calling_back: Make, make_saga: MakeSaga) -> Callable[[str], Saga]:
    """Makes a saga with an order in path, query, header and body of its calls."""

    def make(order: str) -> Saga:
        one = make_calling_back(make_step("a", timeout_ms=200))
        for role in ("forward", "compensate", "status"):
            request = one[role]["request"]
            request["path"] = "/{payload.order_id}/{key}" + request["path"]
            request["headers"] |= {"X-Order": "{payload.order_id}"}
            request["query"] = {"q": "{payload.order_id}"}
        payload = {"schema": {"type": "object"}, "example": {"order_id": order, "amount": 5}, "fresh": ["order_id"]}
        return make_saga(one, payload=payload)

    return make


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("style", STYLES)
def test_a_right_client_is_accepted_in_every_contract(
    right: Any, declare_order: Callable[[str], Saga], tmp_path: Path, style: str, order: str
) -> None:
    saga = declare_order(order)
    for case in cases.derive(saga):
        exercise(saga, case, right.client(right.STYLES[style]), Recording(tmp_path / "run"), source="native")
    [outcome] = Recording(tmp_path / "run").finish(tmp_path / "pacts")
    assert outcome.is_complete


@pytest.mark.parametrize("style", STYLES)
def test_a_right_client_is_accepted_in_every_case_that_stands_in_no_contract(
    right: Any, declare_order: Callable[[str], Saga], tmp_path: Path, style: str
) -> None:
    saga = declare_order("a b/ü%:")
    for case in client_cases.derive(saga):
        exercise(saga, case, right.client(right.STYLES[style]), Recording(tmp_path / "run"), source="native")


def test_every_right_client_makes_the_same_contract(right: Any, declare_order: Callable[[str], Saga], tmp_path: Path) -> None:
    saga, written = declare_order("a b/ü%:"), set()
    for number, style in enumerate(right.STYLES.values()):
        recording = Recording(tmp_path / f"run-{number}")
        for case in cases.derive(saga):
            exercise(saga, case, right.client(style), recording, source="native")
        [outcome] = recording.finish(tmp_path / f"pacts-{number}")
        written.add(outcome.files[0].read_bytes())
    assert len(written) == 1


def test_there_is_a_test_for_every_style(right: Any) -> None:
    assert list(right.STYLES) == STYLES
