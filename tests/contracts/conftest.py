"""What the tests of the contracts share: the reference saga, small sagas made to measure, and a slice of one step."""

import copy
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.sagafile import load_saga, parse_saga

ROOT = Path(__file__).parents[2]
MakeSaga = Callable[..., Saga]
MakeSlice = Callable[..., StepSlice]

_KEY = {"Idempotency-Key": "{key}"}


def definition(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Give the JSON of a small saga: a payload with one field, and the steps."""
    payload = {"schema": {"type": "object"}, "example": {"order_id": "order-1", "amount": 5}, "fresh": ["order_id"]}
    return {"format": 1, "saga": "sale", "owner": "shop", "payload": payload, "steps": list(steps)} | fields


def step(name: str, **fields: Any) -> dict[str, Any]:
    """Give the JSON of a compensatable step that can refuse, with a status call; the fields replace its own."""
    whole = {
        "step": name,
        "participant": f"{name}_service",
        "class": "compensatable",
        "tries": 2,
        "timeout_ms": 500,
        "given": {"enough": [{"state": "there is enough"}], "refusing": [{"state": "there is nothing"}]},
        "forward": {
            "request": {"method": "POST", "path": f"/{name}", "headers": _KEY, "body": {"order": "{payload.order_id}"}},
            "replies": {
                "done": {"status": 201, "body": {"state": "made", "id": {"$like": "id-1"}}},
                "refused": {"status": 422, "body": {"error": "none_left"}},
                "suspended": {"status": 409, "body": {"error": "undone"}},
                "misused": {"status": 422, "body": {"error": "key_reused"}},
            },
        },
        "compensate": {
            "request": {"method": "POST", "path": f"/{name}/undo", "headers": _KEY},
            "replies": {"done": {"status": 200, "body": {"state": "undone"}}},
        },
        "status": {
            "request": {"method": "GET", "path": f"/{name}/status", "headers": _KEY},
            "replies": {
                "applied": {"status": 200, "body": {"state": "made"}},
                "refused": {"status": 200, "body": {"state": "refused"}},
                "compensated": {"status": 200, "body": {"state": "undone"}},
                "absent": {"status": 404},
            },
        },
    }
    return copy.deepcopy(whole | fields)


def retriable(name: str, **fields: Any) -> dict[str, Any]:
    """Give the JSON of a retriable step."""
    whole = step(name, **{"class": "retriable", "given": {"enough": [{"state": "there is enough"}]}})
    for reply in ("refused", "suspended"):
        del whole["forward"]["replies"][reply]
    for reply in ("refused", "compensated"):
        del whole["status"]["replies"][reply]
    del whole["compensate"]
    return whole | copy.deepcopy(fields)


def pivot(name: str, **fields: Any) -> dict[str, Any]:
    """Give the JSON of a pivot that can refuse."""
    whole = step(name, **{"class": "pivot"})
    del whole["compensate"]
    del whole["forward"]["replies"]["suspended"]
    del whole["status"]["replies"]["compensated"]
    return whole | copy.deepcopy(fields)


def calls_back(whole: dict[str, Any]) -> dict[str, Any]:
    """Give the step as one whose outcome comes by a callback."""
    whole = copy.deepcopy(whole)
    whole["completion"] = "callback"
    replies = whole["forward"]["replies"]
    replies["done_again"] = {"status": 200, "body": {"state": "made"}}
    replies["in_progress"] = {"status": 202, "body": {"state": "pending"}}
    del replies["done"]
    whole["forward"]["request"]["body"]["callback"] = "{callback_url}"
    outcomes: dict[str, Any] = {"done": {"outcome": "done"}}
    if "refused" in replies:
        outcomes["refused"] = {"outcome": "refused"}
    whole["callback"] = {
        "request": {"method": "POST", "path": "{callback_url}", "body": {"key": "{key}"}},
        "outcomes": outcomes,
        "replies": {"done": {"status": 204}},
    }
    whole["status"]["replies"]["in_progress"] = {"status": 200, "body": {"state": "pending"}}
    return whole


@pytest.fixture(scope="session")
def vas_file() -> Path:
    return ROOT / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"


@pytest.fixture(scope="session")
def vas(vas_file: Path) -> Saga:
    return load_saga(vas_file)


@pytest.fixture(scope="session")
def make_step() -> Callable[..., dict[str, Any]]:
    """Makes the JSON of a compensatable step."""
    return step


@pytest.fixture(scope="session")
def make_retriable() -> Callable[..., dict[str, Any]]:
    """Makes the JSON of a retriable step."""
    return retriable


@pytest.fixture(scope="session")
def make_pivot() -> Callable[..., dict[str, Any]]:
    """Makes the JSON of a pivot."""
    return pivot


@pytest.fixture(scope="session")
def make_calling_back() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Turns a step into one that calls back."""
    return calls_back


@pytest.fixture(scope="session")
def make_definition() -> Callable[..., dict[str, Any]]:
    """Makes the JSON of a saga from its steps."""
    return definition


@pytest.fixture(scope="session")
def make_saga() -> MakeSaga:
    """Reads a saga made of the given steps; it has to be without faults."""

    def make(*steps: dict[str, Any], **fields: Any) -> Saga:
        return parse_saga(json.dumps(definition(*steps, **fields)), "sale.json")

    return make


@pytest.fixture(scope="session")
def make_slice(make_saga: MakeSaga) -> MakeSlice:
    """Gives the slice of the first of the given steps; alone, nothing else can fail."""

    def make(*steps: dict[str, Any], **fields: Any) -> StepSlice:
        return step_slice(make_saga(*steps, **fields), steps[0]["step"])

    return make


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A repository with one saga of one step; tests are added by the test."""
    whole = definition(step("a", participant="maker"), executes_as="shop")
    (pytester.path / "saga.json").write_text(json.dumps(whole), encoding="utf-8")
    return pytester


@pytest.fixture(scope="session")
def declare(make_saga: MakeSaga) -> Callable[..., Saga]:
    """Writes the simulation's chart as a saga file; steps named in `together` are at the same participant."""
    kinds = {"compensatable": step, "pivot": pivot, "retriable": retriable}

    def one(number: int, plan: Any) -> dict[str, Any]:
        after = [f"s{before}" for before in plan.after]
        whole = kinds[plan.kind](f"s{number}", after=after, tries=plan.tries, optional=plan.optional)
        if not plan.can_refuse:
            whole["given"].pop("refusing", None)
            whole["forward"]["replies"].pop("refused", None)
        if plan.conditional:
            whole["when"] = f"{{payload.amount}} > {number / 100}"
        if plan.undo_after is not None:
            whole["undo_after"] = [f"s{other}" for other in plan.undo_after]
        return calls_back(whole) if plan.callback else whole

    def write(chart: Any, together: tuple[int, ...] = ()) -> Saga:
        policies = {
            "siblings_of_failed_step": "cancel" if chart.cancels_siblings else "wait",
            "failing_compensation": "stop" if chart.stops_at_failed_undo else "continue",
        }
        steps = [one(number, plan) for number, plan in enumerate(chart.steps)]
        for number in together:
            steps[number]["participant"] = "shared"
        return make_saga(*steps, policies=policies, **({"timeout_ms": 60_000} if chart.timed else {}))

    return write


@pytest.fixture(scope="session")
def naive() -> Any:
    """The module `naive_simulation`, which stands beside the tests and is no test itself."""
    return load("naive_simulation")


@pytest.fixture(scope="session")
def charts(naive: Any) -> Callable[[int], Any]:
    """A strategy: sagas of up to so many steps, mixed in order, class, completion, tries and policy."""

    @st.composite
    def draw_chart(draw: st.DrawFn, most: int) -> Any:
        undoable = draw(st.integers(1, most))
        pivot = draw(st.booleans()) and undoable < most
        further = draw(st.integers(0, most - undoable - pivot))
        plans: list[Any] = []
        by_hand = draw(st.integers(0, 3)) == 0
        for number in range(undoable + pivot + further):
            kind = "compensatable" if number < undoable else "pivot" if pivot and number == undoable else "retriable"
            earlier = range(min(number, undoable + pivot if kind == "retriable" else undoable))
            after = tuple(earlier) if kind != "compensatable" else _some(draw, number)
            plan = naive.Plan(
                after=after,
                kind=kind,
                callback=draw(st.booleans()),
                tries=draw(st.integers(1, 3)),
                can_refuse=kind != "retriable" and draw(st.booleans()),
                optional=draw(st.integers(0, 5)) == 0,
                conditional=draw(st.integers(0, 5)) == 0,
                undo_after=_some(draw, number) if by_hand and kind == "compensatable" else None,
            )
            plans.append(plan)
        return naive.Chart(tuple(plans), draw(st.booleans()), draw(st.booleans()), draw(st.integers(0, 3)) == 0)

    return draw_chart


def _some(draw: st.DrawFn, number: int) -> tuple[int, ...]:
    return tuple(sorted(draw(st.sets(st.integers(0, number - 1), max_size=2)))) if number else ()


@pytest.fixture(scope="session")
def load_module() -> Callable[[str], ModuleType]:
    """Imports a module below this folder that is no test."""
    return load


def load(name: str) -> ModuleType:
    """Import a module below this folder by its path: the tests are no package."""
    path = next(Path(__file__).parent.rglob(f"{name}.py"))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
