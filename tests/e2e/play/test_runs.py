"""Whole runs of the reference landscape: every service a process of its own, its own database, real faults between them."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import UsageError
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, derive, select
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.runner import ScenarioEnded, ScenarioLeftOut, ScenarioStarted
from saga_e2e.proxy.trace import Fate
from saga_e2e.report.data import ScenarioResult
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.topology import Topology

LAND = reference_landscape()


def by_name(records: Iterable[ScenarioRecord]) -> dict[str, ScenarioRecord]:
    return {record.name: record for record in records}


def broken(record: ScenarioRecord) -> dict[str, str]:
    return {finding.id: finding.text for finding in record.broken}


def scenario(saga: Saga, name: str) -> Scenario:
    return select(derive(saga), names=[name])[0]


def why(record: ScenarioRecord) -> str:
    return f"{record.name}: {record.error or broken(record)}"


def test_nothing_to_play_is_an_error_and_not_a_pass(vas_purchase: Saga) -> None:
    with pytest.raises(UsageError, match="no scenario"):
        list(runner.play(Topology(LAND, vas_purchase), []))


@pytest.mark.slow
def test_every_scenario_without_a_kill_is_kept_and_told_by_events(vas_purchase: Saga) -> None:
    scenarios = [one for one in derive(vas_purchase) if not any(fault.crashes for fault in one.faults)]
    with Topology(LAND, vas_purchase) as topology:
        events = list(runner.play(topology, scenarios))

    started = [event.scenario.name for event in events if isinstance(event, ScenarioStarted)]
    left_out = [event.unplayed.scenario for event in events if isinstance(event, ScenarioLeftOut)]
    ended = by_name(event.record for event in events if isinstance(event, ScenarioEnded))
    assert set(ended) == set(started) == {one.name for one in scenarios} - set(left_out)
    assert len(ended) == len(started) == (len(events) - len(left_out)) / 2
    assert all(name.startswith("checker-") for name in left_out)
    assert [why(record) for record in ended.values() if record.verdict != "kept"] == []
    notices = ended["undo-fails-at-apply_vas"].as_json()["notifications"]
    assert [(one["step"], one["status"]) for one in notices] == [("apply_vas", 204)]
    for record in ended.values():
        shown = ScenarioResult.model_validate(record.as_json())
        assert len(shown.trace) >= 1, record.name
        assert [step.step for step in shown.steps] == [step.step for step in vas_purchase.steps]
    late = [call for call in ended["late-after-undo-at-apply_vas"].trace if call.step == "apply_vas"]
    assert [(call.role, call.fate, call.outcome) for call in late if call.arrivals] == [
        (Role.COMPENSATE, Fate.OK, "done"),
        (Role.FORWARD, Fate.DELAYED, "suspended"),
    ]


KILLED = [
    *("participant-dies-at-create_packages", "participant-dies-before-at-apply_vas", "participant-dies-within-at-apply_vas"),
    *("saga-service-dies-before-at-apply_vas", "saga-service-dies-at-create_packages", "pause-at-apply_vas"),
    *("saga-service-dies-after-reply-at-reserve_money", "undo-saga-service-dies-after-record-at-create_packages"),
    *("undo-saga-service-dies-at-apply_vas", "down-at-reserve_money"),
]


@pytest.mark.slow
def test_a_kill_or_a_pause_of_each_kind_is_met_and_kept(vas_purchase: Saga) -> None:
    found = by_name(runner.run(vas_purchase, LAND, names=KILLED))

    assert set(found) == set(KILLED)
    assert [why(record) for record in found.values() if record.verdict != "kept"] == []


@pytest.mark.slow
def test_participants_with_one_mistake_each_break_the_invariant_that_speaks_of_it_and_no_other_step_is_accused(
    vas_purchase: Saga,
) -> None:
    env = {
        "billing": {"FAULT": "double_refund"},
        "user_service": {"FAULT": "undo_skips"},
        "notifications": {"FAULT": "applies_twice"},
    }
    names = ["committed", "refused-at-apply_vas", "refused-at-create_packages", "reply-lost-at-notify"]

    found = by_name(
        runner.run(vas_purchase, LAND, names=[*names, "undo-reply-lost-at-reserve_money", "reply-lost-at-apply_vas"], env=env)
    )

    assert found["committed"].verdict == found["reply-lost-at-apply_vas"].verdict == "kept"
    assert found["refused-at-apply_vas"].verdict == "kept"
    assert broken(found["refused-at-create_packages"]) == {
        "I1": "apply_vas still has its effect although the saga is compensated.",
        "I3": "apply_vas is compensated, but its probe reads {'services': ['highlight']}.",
    }
    assert broken(found["reply-lost-at-notify"]) == {
        "I2": "notify: {'count': 2} is neither no effect nor exactly one.",
        "I3": "notify is applied, but its probe reads {'count': 2}.",
    }
    twice = broken(found["undo-reply-lost-at-reserve_money"])
    assert set(twice) == {"I1", "I2", "I3"}
    assert twice["I2"] == "reserve_money: {'available_minor': 99800, 'held_minor': 0} is neither no effect nor exactly one."


@pytest.mark.slow
def test_a_billing_that_lies_and_does_not_know_a_compensation_without_its_forward_call_is_caught(vas_purchase: Saga) -> None:
    env = {"billing": {"FAULT": "status_lies,null_compensation_404"}}

    found = by_name(runner.run(vas_purchase, LAND, names=["refused-at-apply_vas", "unreachable-at-reserve_money"], env=env))

    assert broken(found["refused-at-apply_vas"]) == {"I10": "reserve_money is compensated on record, but billing says applied."}
    stuck = broken(found["unreachable-at-reserve_money"])
    assert set(stuck) == {"end", "I1", "I11"}
    assert "It was answered 404" in stuck["I11"]
    assert stuck["end"].startswith("The saga is escalated instead of compensated.")


@pytest.mark.slow
def test_an_orchestrator_that_guesses_leaves_out_compensations_and_calls_what_is_not_declared_is_caught(
    vas_purchase: Saga,
) -> None:
    env = {"saga_service": {"SAGA_FAULT": "silence_is_success,skips_undo,curious"}}

    found = by_name(runner.run(vas_purchase, LAND, names=["committed", "refused-at-apply_vas", "no-reply-at-notify"], env=env))

    assert set(broken(found["committed"])) == {"I11"}
    assert "GET /internal/sagas/" in broken(found["committed"])["I11"]
    assert set(broken(found["refused-at-apply_vas"])) == {"I1", "I3", "I10", "I11"}
    assert "no answer, callback or status call told the saga service so" in broken(found["no-reply-at-notify"])["I10"]
    assert set(broken(found["no-reply-at-notify"])) == {"I10", "I11"}


@pytest.mark.slow
def test_a_fault_that_is_never_met_a_saga_that_is_late_and_a_service_that_dies_are_not_called_kept(vas_purchase: Saga) -> None:
    never = replace(scenario(vas_purchase, "committed"), faults=(Fault("notify", Role.COMPENSATE, Kind.REPLY_LOST),))

    with Topology(LAND, vas_purchase) as topology:
        (missed,) = played(topology, never)
        (stuck,) = played(topology, scenario(vas_purchase, "committed"), deadline_s=0)
        topology._running["billing"].kill()
        (lost,) = played(topology, scenario(vas_purchase, "committed"))

    assert missed.verdict == "unknown"
    assert missed.error == (
        "The fault was never met, so nothing was learned: the reply to the compensation of notify is lost, once. "
        "The saga did not make this call."
    )
    assert {"end", "I5"} <= set(broken(stuck))
    assert stuck.outcome == "running"
    assert lost.verdict == "unknown"
    assert lost.error is not None
    assert "billing has ended" in lost.error
    assert not any(finding.verdict == Verdict.KEPT for finding in lost.findings)


def played(topology: Topology, *scenarios: Scenario, deadline_s: float = 30) -> list[ScenarioRecord]:
    events = runner.play(topology, scenarios, deadline_s=deadline_s)
    return [event.record for event in events if isinstance(event, ScenarioEnded)]
