"""What Prometheus reads: sagas by state, durations as quantiles, findings, escalations, and how the participants are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from patience import PATIENCE_S
from postgres import on_both_databases
from saga_service.kept.figures import quantile


def _samples(service: Any) -> dict[str, dict[tuple[str, ...], float]]:
    answer = service.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            name = sample.name.removeprefix("saga_service_")
            found.setdefault(name, {})[tuple(sample.labels[key] for key in sorted(sample.labels))] = sample.value
    return found


@on_both_databases
def test_sagas_are_counted_by_state_and_timed_by_saga_and_step(
    shared_service: Any, play: Any, definitions: Any, new_run: Any, wait_until: Any
) -> None:
    shared_service.http.put("/definitions/measured", json=definitions["polled"] | {"saga": "measured"})
    lost, run = play("measured")
    play("measured", {("ask", "do"): ["refuse"]})
    play("measured", {("ask", "do"): ["refuse"], ("ask", "undo"): ["503"]})
    held, held_run = new_run({("next", "do"): ["wait"]})
    shared_service.create("measured", held)
    wait_until(lambda: held_run.count("next", "do"), PATIENCE_S)
    found = _samples(shared_service)
    counted = {place[1]: number for place, number in found["sagas"].items() if place[0] == "measured"}
    assert counted == {"committed": 1, "compensated": 2, "running": 1}
    shares = [place[0] for place in found["saga_duration_seconds"] if place[1] == "measured"]
    assert shares == ["0.5", "0.75", "0.95", "0.99"]
    assert found["saga_duration_sagas"][("measured",)] == 3
    steps = {place[2]: value for place, value in found["step_duration_seconds"].items() if place[:2] == ("0.99", "measured")}
    assert set(steps) == {"ask", "next"}
    assert all(0 < value < PATIENCE_S for value in steps.values())
    assert found["participant_up"] == {("partner",): 1.0}
    held_run.gate.set()
    del run.effects["ask"]
    shared_service.http.post(f"/checker/{lost['saga_id']}")
    shared_service.ended(lost["saga_id"])
    assert _samples(shared_service)["checker_findings"][("effect_lost", "measured", "ask")] == 1


def test_open_escalations_and_unanswered_checks_are_counted(shared_service: Any, play: Any) -> None:
    before = _samples(shared_service)["escalations_open"][()]
    stuck, _ = play("strict", {("left", "do"): ["refuse"], ("first", "undo"): ["impossible"]})
    assert _samples(shared_service)["escalations_open"][()] == before + 1
    shared_service.http.post(f"/escalations/{stuck['saga_id']}/settle", json={"person": "Ada", "note": "n"})
    silent, _ = play("lenient", {("need", "status"): ["503"]})
    shared_service.http.post(f"/checker/{silent['saga_id']}")
    after = _samples(shared_service)
    assert (after["escalations_open"][()], after["checks_unanswered"][("lenient",)] >= 1) == (before, True)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.75, 0.95, 0.99, 1.0]))
def test_a_quantile_lies_between_the_least_and_the_greatest_value(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
    assert quantile(values, 1.0) == pytest.approx(max(values))
    assert sum(1 for value in values if value <= found + 1e-6) >= share * (len(values) - 1)
