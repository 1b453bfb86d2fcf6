"""The adapter of an orchestrator: other addresses, words and records than those of the reference service."""

import json
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.calls import Recognised, Recogniser
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.stage import orchestrator
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.orchestrator import Adapter, adapter_of, at, called_back, defined
from saga_verifier.provider_file import Orchestrator, ProviderFile, Start

DECLARED: dict[str, Any] = {
    "env": {"BILLING": "{address:billing}/v1", "ALL": "{addresses}", "ME": "{callback_base}/in"},
    "create": {"request": {"method": "PUT", "path": "/runs/{request_id}", "body": {"input": "{payload}"}}, "id": "{request_id}"},
    "read": {
        "request": {"method": "GET", "path": "/runs/{saga_id}"},
        "state": "events.-1.type",
        "words": {"committed": ["ALL_DONE"], "compensated": ["ROLLED_BACK"], "escalated": ["HELP"]},
        "steps": "legs.[name={step}].state",
        "step_words": {"applied": ["OK"], "compensated": ["UNDONE"]},
        "outputs": "legs.[name={step}].told",
    },
    "callback_path": "/in/{saga_id}/{step}",
}


def file_of(**changes: Any) -> ProviderFile:
    declared = Orchestrator.model_validate(DECLARED | changes)
    start = Start(command=("x",))
    return ProviderFile(format=1, provider="runs", start=start, orchestrator=declared, folder=Path("/"))


@pytest.fixture(scope="module")
def saga() -> Saga:
    return reference_landscape().saga("vas_purchase")


@pytest.fixture
def adapter(saga: Saga) -> Adapter:
    return adapter_of(file_of(), saga)


def test_a_record_that_is_a_list_of_events_tells_where_the_saga_stands(adapter: Adapter) -> None:
    legs = [
        {"name": "reserve_money", "state": "OK", "told": {"reservation_id": "r-1"}},
        {"name": "apply_vas", "state": "TRYING"},
        {"name": "apply_vas", "state": "UNDONE"},
    ]
    record = adapter.record({"events": [{"type": "BEGUN"}, {"type": "ROLLED_BACK"}], "legs": legs})

    assert record is not None
    assert record.state == "compensated"
    assert record.ended
    assert (record.steps["reserve_money"], record.steps["apply_vas"], record.steps["create_packages"]) == (
        *("applied", "compensated"),
        "",
    )
    assert record.outputs == {"reserve_money": {"reservation_id": "r-1"}}


def test_a_word_that_nothing_is_said_of_means_that_the_saga_runs(adapter: Adapter) -> None:
    record = adapter.record({"events": [{"type": "committed"}]})

    assert record is not None
    assert record.state == "running"
    assert not record.ended
    assert adapter.record({"events": []}) is None


def test_the_caller_may_choose_the_id(adapter: Adapter) -> None:
    assert adapter.create("e2e-1", {"price": 3}).path == "/runs/e2e-1"
    assert adapter.create("e2e-1", {"price": 3}).body == {"input": {"price": 3}}
    assert adapter.saga_id(None, "e2e-1") == "e2e-1"
    assert adapter.check("e2e-1") is None


def test_it_learns_where_everybody_is_by_its_own_variables() -> None:
    addresses = {"billing": "http://proxy/billing", "users": "http://proxy/users"}
    told = orchestrator.environment(file_of(), addresses, "http://proxy/runs")

    assert told["BILLING"] == "http://proxy/billing/v1"
    assert told["ME"] == "http://proxy/runs/in"
    assert json.loads(told["ALL"]) == addresses
    with pytest.raises(UsageError, match=r"names the address of billing, which this saga does not have\. Known: users"):
        orchestrator.environment(file_of(), {"users": "http://x"}, "http://x")


def test_a_callback_is_recognised_at_the_address_that_the_orchestrator_tells(saga: Saga) -> None:
    spoken = called_back(defined(saga, file_of(key="{saga_id}.{step}")), file_of())
    body = {"key": "s-1.create_packages", "outcome": "done"}
    call = Incoming("runs", "POST", "/in/s-1/create_packages", {}, body)

    assert spoken.orchestrator == "runs"
    assert Recogniser(spoken).recognise(call) == Recognised("s-1", "create_packages", Role.CALLBACK, "s-1:create_packages")
    assert {step.key_form for step in spoken.steps} == {"{saga_id}.{step}"}


def test_a_provider_file_without_an_adapter_cannot_run_sagas(saga: Saga) -> None:
    without = file_of().model_copy(update={"orchestrator": None})
    with pytest.raises(UsageError, match="does not say how a saga is created and read there"):
        adapter_of(without, saga)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("a.0", 1),
        ("a.-1", 3),
        ("a.7", None),
        ("a.x", None),
        ("b.[n=1].v", "second"),
        ("b.[n=2].v", None),
        ("b.*.v", ["first", "second"]),
        ("a.*", [1, 2, 3]),
        ("*.v", None),
    ],
)
def test_places_of_lists(place: str, found: Any) -> None:
    assert at(place, {"a": [1, 2, 3], "b": [{"n": 1, "v": "first"}, {"n": 1, "v": "second"}]}) == found
