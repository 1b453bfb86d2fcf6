"""Whole runs of a saga with a condition, an order of the undoing by hand and a time of its own; its participants are stubs."""

import json
from pathlib import Path
from typing import Any

import pytest

import small_sagas
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.stage.landscape import Landscape, reference_landscape


def step(name: str, **fields: Any) -> dict[str, Any]:
    """Give a step whose preconditions are those of one order only, so that scenarios can be played side by side."""
    of_the_order = {"order": "{payload.order_id}"}
    states = {"enough": "there is enough", "refusing": "there is nothing"}
    given = {name: [{"state": state, "params": of_the_order}] for name, state in states.items()}
    return small_sagas.step(name, given=given, timeout_ms=6000, **fields)


def landscape(folder: Path, *steps: dict[str, Any], **fields: Any) -> Landscape:
    """Give a landscape of one saga whose participants are stubs."""
    file = folder / "saga.yaml"
    file.write_text(small_sagas.saga_text(*steps, **fields), encoding="utf-8")
    names = dict.fromkeys(step["participant"] for step in steps)
    service = reference_landscape().providers["saga_service"]
    return Landscape({"sale": file}, {"saga_service": service} | {name: stub(file, name) for name in names})


def stub(file: Path, participant: str) -> Path:
    """Write the provider file of a stub."""
    options = ["--participant", participant, "--port", "{port}", "--database", "{workdir}/stub.sqlite"]
    start = {"command": ["{python}", "-m", "saga_contracts", "stub", str(file), *options], "pass_env": ["PATH"]}
    text = {"format": 1, "provider": participant, "start": start, "health": {"path": "/health"}, "states": {"path": "/_states"}}
    made = file.with_name(f"{participant}.yaml")
    made.write_text(json.dumps(text), encoding="utf-8")
    return made


def said(record: ScenarioRecord) -> tuple[str, str | None, dict[str, str]]:
    return record.verdict, record.error, {finding.id: finding.text for finding in record.broken}


@pytest.mark.slow
def test_both_branches_of_a_condition_the_order_of_the_undoing_and_the_end_of_the_time_are_played_and_kept(
    tmp_path: Path,
) -> None:
    land = landscape(
        tmp_path,
        step("pay", undo_after=[], backoff={"first_ms": 100, "factor": 2, "longest_ms": 300}),
        step("wrap", after=["pay"], when="{payload.amount} > 3", otherwise={"amount": 1}),
        step("ship", after=["wrap"], undo_after=["pay"]),
        timeout_ms=6500,
        orchestrator="saga_service",
    )
    saga = land.saga("sale")
    names = [
        "committed", "skipped-wrap", "skipped-wrap-refused-at-ship", "refused-at-ship", "reply-lost-at-pay",
        "out-of-time-at-wrap",
    ]  # fmt: skip
    assert set(names) <= {scenario.name for scenario in derive(saga)}

    found = {record.name: record for record in runner.run(saga, land, names=names)}

    assert {name: said(record) for name, record in found.items() if record.verdict != "kept"} == {}
    skipped = found["skipped-wrap-refused-at-ship"]
    assert {step.step: (step.state, step.status) for step in skipped.steps} == {
        "pay": ("compensated", "compensated"), "wrap": ("skipped", "absent"), "ship": ("refused", "refused"),
    }  # fmt: skip
    order = [finding.text for finding in found["refused-at-ship"].findings if finding.id == "I7"]
    assert order == ["Compensated in this order: pay, wrap."]
    late = {step.step: step.state for step in found["out-of-time-at-wrap"].steps}
    assert late == {"pay": "compensated", "wrap": "compensated", "ship": "pending"}


@pytest.mark.slow
def test_a_step_for_each_element_is_played_for_two_of_them_and_kept(tmp_path: Path) -> None:
    item = {"sku": "{item.sku}"}
    pick = step("pick", for_each="{payload.items}")
    pick["given"] = {name: [{**one, "params": item} for one in states] for name, states in pick["given"].items()}
    pick["forward"]["request"]["body"] = {**item, "amount": "{item.amount}"}
    pick["probe"] = {
        "request": {"method": "GET", "path": "/picked/{item.sku}"},
        "reads": {"before": {"held": 0}, "applied": {"held": "{item.amount}"}},
    }
    items = [{"sku": "a-1", "amount": 2}, {"sku": "b-2", "amount": 3}]
    payload = {
        "schema": {"type": "object"},
        "example": {"order_id": "order-1", "amount": 5, "items": items},
        "fresh": ["order_id", "items.0.sku", "items.1.sku"],
    }
    land = landscape(tmp_path, pick, step("ship", after=["pick"]), payload=payload, orchestrator="saga_service")
    saga = land.saga("sale")
    names = ["committed", "refused-at-pick-1", "refused-at-ship", "reply-lost-at-pick-0", "undo-reply-lost-at-pick-1"]

    found = {record.name: record for record in runner.run(saga, land, names=names)}

    assert {name: said(record) for name, record in found.items() if record.verdict != "kept"} == {}
    assert {one.step: one.state for one in found["refused-at-pick-1"].steps} == {
        "pick:0": "compensated", "pick:1": "refused", "ship": "pending",
    }  # fmt: skip


@pytest.mark.slow
def test_an_orchestrator_that_does_not_look_at_conditions_is_caught(tmp_path: Path) -> None:
    wrap = step("wrap", after=["pay"], when="{payload.amount} > 3")
    land = landscape(tmp_path, step("pay"), wrap, orchestrator="saga_service")
    env = {"saga_service": {"SAGA_FAULT": "ignores_conditions"}}

    found = {one.name: one for one in runner.run(land.saga("sale"), land, names=["committed", "skipped-wrap"], env=env)}

    assert found["committed"].verdict == "kept"
    broken = said(found["skipped-wrap"])[2]
    assert set(broken) == {"I1", "I13", "REASON"}
    assert broken["I1"] == "wrap has its effect although its condition does not hold."
