"""Each invariant is broken by evidence that is bad in exactly its way, and by no good evidence."""

from dataclasses import replace
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga, StepClass
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.evidence import Evidence, SagaRecord
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.judge.records import ScenarioRecord, step_records
from saga_e2e.proxy.trace import Fate

EVERY_ID = ["end", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13"]
EVERY_ID += ["ORDER", "REASON", "ALARM", "AFTER"]
SCENARIO_OF = {
    "committed": "committed",
    "compensated": "refused-at-apply_vas",
    "escalated": "undo-fails-at-apply_vas",
    "exhausted": "no-reply-at-notify",
}


def scenario(saga: Saga, name: str) -> Scenario:
    return next(one for one in derive(saga) if one.name == name)


def findings(story: Any, name: str, saga: Saga | None = None) -> dict[str, Finding]:
    played = scenario(story.saga, SCENARIO_OF.get(name, name))
    found = judge(Judged(saga or story.saga, played, story.evidence()))
    return {one.id: one for one in found}


def broken(story: Any, name: str, saga: Saga | None = None) -> set[str]:
    return {id_ for id_, one in findings(story, name, saga).items() if one.verdict == Verdict.BROKEN}


@pytest.mark.parametrize("name", SCENARIO_OF)
def test_good_evidence_breaks_nothing_and_leaves_nothing_unproven(request: pytest.FixtureRequest, name: str) -> None:
    found = findings(request.getfixturevalue(name), name)

    assert list(found) == EVERY_ID
    assert {one.verdict for one in found.values()} <= {Verdict.KEPT, Verdict.NOT_APPLICABLE}


def test_an_invariant_that_cannot_be_broken_by_the_run_is_not_called_kept(committed: Any, compensated: Any) -> None:
    not_applicable = {id_ for id_, one in findings(committed, "committed").items() if one.verdict == Verdict.NOT_APPLICABLE}

    assert not_applicable == {"I6", "I7", "ALARM", "AFTER"}
    assert findings(compensated, "compensated")["I7"].verdict == Verdict.KEPT


def test_another_end_than_the_scenario_must_have_is_broken(committed: Any) -> None:
    found = findings(committed, "refused-at-apply_vas")

    assert found["end"].verdict == Verdict.BROKEN
    assert found["end"].text == "The saga is committed instead of compensated."


def test_i1_an_effect_that_stays_after_a_compensated_saga(compensated: Any) -> None:
    compensated.probes["reserve_money"] = {"available_minor": 0, "held_minor": 49900}

    assert broken(compensated, "compensated") == {"I1", "I3"}
    assert findings(compensated, "compensated")["I1"].text == (
        "reserve_money still has its effect although the saga is compensated."
    )


def test_i1_an_effect_that_is_missing_after_a_committed_saga(committed: Any) -> None:
    committed.probes["apply_vas"] = {"services": []}

    assert broken(committed, "committed") == {"I1", "I3"}
    assert "apply_vas has no effect although the saga is committed." in findings(committed, "committed")["I1"].text


def test_i1_an_optional_step_may_disagree(committed: Any, vas_purchase: Saga) -> None:
    steps = tuple(step.model_copy(update={"optional": step.step == "notify"}) for step in vas_purchase.steps)
    lax = vas_purchase.model_copy(update={"steps": steps})
    committed.states["notify"], committed.statuses["notify"] = "exhausted", "absent"

    assert "I1" not in broken(committed, "committed", lax)
    assert "I1" in broken(committed, "committed")


def test_a_step_that_only_reads_has_no_effect_that_anybody_could_miss(committed: Any, vas_purchase: Saga) -> None:
    reading = {"step_class": StepClass.READ_ONLY, "status": None, "probe": None}
    steps = tuple(step.model_copy(update=reading) if step.step == "notify" else step for step in vas_purchase.steps)
    saga = vas_purchase.model_copy(update={"steps": steps})
    committed.statuses["notify"], committed.probes["notify"] = None, None

    found = findings(committed, "committed", saga)

    assert {id_: one.text for id_, one in found.items() if one.verdict not in (Verdict.KEPT, Verdict.NOT_APPLICABLE)} == {}


def test_i1_an_escalation_without_a_cause_in_the_scenario(escalated: Any) -> None:
    assert broken(escalated, "refused-at-create_packages") >= {"end", "I1"}


def test_i1_an_escalation_that_names_a_step_which_no_fault_has_met(escalated: Any) -> None:
    escalated.states["reserve_money"] = "failed_compensation"
    escalated.statuses["reserve_money"] = "compensated"
    escalated.tell_owner("reserve_money")

    assert broken(escalated, "escalated") == {"I1"}


def test_i1_an_escalation_that_does_not_name_a_step_which_disagrees(escalated: Any) -> None:
    escalated.states["apply_vas"], escalated.statuses["apply_vas"] = "compensated", "applied"

    found = findings(escalated, "escalated")["I1"]

    assert found.verdict == Verdict.BROKEN
    assert "apply_vas disagrees with the end and is not named." in found.text


def test_i1_an_escalation_that_went_forward_wants_every_effect(exhausted: Any) -> None:
    exhausted.probes["apply_vas"] = {"services": []}

    assert "I1" in broken(exhausted, "exhausted")


@pytest.mark.parametrize(
    ("step", "reading"),
    [
        ("reserve_money", {"available_minor": 99800, "held_minor": 0}),
        ("create_packages", {"packages": ["highlight", "highlight"]}),
        ("apply_vas", {"services": ["other"]}),
    ],
    ids=["given back twice", "made twice", "something else"],
)
def test_i2_a_reading_that_is_neither_no_effect_nor_one(compensated: Any, step: str, reading: dict[str, Any]) -> None:
    compensated.probes[step] = reading

    assert broken(compensated, "compensated") == {"I2", "I3"}
    assert findings(compensated, "compensated")["I2"].text.startswith(f"{step}: ")


def test_i3_a_refused_step_whose_participant_reads_as_if_nothing_had_been_refused(compensated: Any) -> None:
    compensated.refusing = frozenset()
    compensated.statuses["apply_vas"] = "refused"
    compensated.probes["apply_vas"] = {"services": ["highlight"]}

    assert broken(compensated, "compensated") == {"I1", "I3"}


def test_i4_a_terminal_state_that_was_left(committed: Any) -> None:
    committed.history = ("running", "compensated", "running", "committed")

    assert broken(committed, "committed") == {"I4"}


def test_i4_a_saga_that_is_elsewhere_when_it_is_asked_again(committed: Any) -> None:
    committed.again = SagaRecord("compensated", ("running", "committed", "compensated"), committed.states)

    assert broken(committed, "committed") == {"I4"}


def test_i4_a_history_that_does_not_end_with_the_end(committed: Any) -> None:
    committed.history = ("running",)

    assert broken(committed, "committed") == {"I4"}


def test_i5_a_saga_that_is_stuck(committed: Any) -> None:
    committed.end, committed.history, committed.states["notify"] = "running", ("running",), "running"

    assert broken(committed, "committed") == {"end", "I5"}


def test_i6_an_owner_whom_no_notification_reached(escalated: Any) -> None:
    escalated.calls[-1] = replace(escalated.calls[-1], replies=(), fate=Fate.REQUEST_LOST)

    assert broken(escalated, "escalated") == {"I6"}


def test_i6_an_owner_that_answered_something_else_was_not_told(escalated: Any) -> None:
    escalated.calls[-1] = replace(escalated.calls[-1], replies=(escalated.answer("apply_vas", Role.NOTIFICATION, "unknown"),))

    assert broken(escalated, "escalated") == {"I6", "I11"}


def test_i6_an_owner_who_was_told_about_another_step_only(escalated: Any) -> None:
    escalated.calls.pop()
    escalated.tell_owner("reserve_money")

    assert findings(escalated, "escalated")["I6"].text == "The owner was not told about apply_vas."


def test_i7_a_compensation_that_began_before_a_later_step_was_undone(compensated: Any) -> None:
    first, second = compensated.calls[-2:]
    compensated.calls[-2:] = [replace(first, at_ms=second.at_ms), replace(second, at_ms=first.at_ms)]

    assert broken(compensated, "compensated") == {"I7"}


def test_i7_a_compensation_that_began_while_a_later_one_was_under_way(compensated: Any) -> None:
    compensated.calls[-2] = replace(compensated.calls[-2], ended_ms=compensated.calls[-1].at_ms + 1)

    assert broken(compensated, "compensated") == {"I7"}


def test_i7_steps_beside_each_other_may_be_undone_in_any_order(escalated: Any) -> None:
    escalated.undo("create_packages", at_ms=44, ended_ms=46)

    assert "I7" not in broken(escalated, "escalated")


def test_i8_a_compensation_after_the_last_step_was_begun(committed: Any) -> None:
    committed.undo("create_packages")

    assert "I8" in broken(committed, "committed")


def test_i8_a_compensation_past_the_pivot(compensated: Any, vas_purchase: Saga) -> None:
    steps = tuple(
        step.model_copy(update={"step_class": StepClass.PIVOT} if step.step == "create_packages" else {})
        for step in vas_purchase.steps
    )
    with_pivot = vas_purchase.model_copy(update={"steps": steps})

    assert "I8" in broken(compensated, "compensated", with_pivot)
    assert "I8" not in broken(compensated, "compensated")


def test_i10_a_record_that_a_participant_contradicts(compensated: Any) -> None:
    compensated.statuses["reserve_money"] = "applied"
    compensated.probes["reserve_money"] = {"available_minor": 49900, "held_minor": 0}

    assert broken(compensated, "compensated") == {"I10"}
    assert findings(compensated, "compensated")["I10"].text == (
        "reserve_money is compensated on record, but billing says applied."
    )


def test_i10_a_step_that_was_refused_and_then_undone_may_say_either(compensated: Any) -> None:
    compensated.states["apply_vas"], compensated.statuses["apply_vas"] = "compensated", "refused"

    assert "I10" not in broken(compensated, "compensated")


def test_i10_a_step_that_is_left_running_in_a_finished_saga(committed: Any) -> None:
    committed.states["notify"], committed.statuses["notify"] = "running", "applied"

    assert broken(committed, "committed") == {"I10"}


def test_i12_a_call_that_was_sent_more_often_than_declared(committed: Any) -> None:
    for _ in range(3):
        committed.forward("notify", fate=Fate.REQUEST_LOST, outcome=None)

    assert broken(committed, "committed") == {"I12", "REASON"}
    assert "sent 4 times; 3 tries are declared" in findings(committed, "committed")["I12"].text


def test_i13_an_arrival_history_that_no_fault_of_the_scenario_can_cause(committed: Any) -> None:
    committed.forward("apply_vas")

    assert broken(committed, "committed") == {"I13", "REASON"}


def test_i13_counts_the_faults_of_the_scenario(committed: Any) -> None:
    committed.forward("apply_vas")

    assert "I13" not in broken(committed, "duplicate-at-apply_vas")


def test_i13_a_participant_that_never_calls_back(committed: Any) -> None:
    index = next(index for index, call in enumerate(committed.calls) if call.role == Role.CALLBACK)
    committed.calls.pop(index)
    committed.asks("create_packages", at_ms=30.0)

    assert broken(committed, "committed") == {"I13"}


def test_without_status_and_probe_nothing_is_called_kept_that_was_not_seen(committed: Any) -> None:
    evidence = committed.evidence()
    blind = tuple(replace(step, status=None, probe=None, probe_trouble="none is declared") for step in evidence.steps)

    found = judge(Judged(committed.saga, scenario(committed.saga, "committed"), replace(evidence, steps=blind)))

    unproven = {one.id for one in found if one.verdict == Verdict.UNPROVEN}
    assert unproven == {"I1", "I2", "I3", "I10"}


def test_i7_and_i8_an_optional_step_may_be_undone_on_its_own_at_any_time(committed: Any, vas_purchase: Saga) -> None:
    steps = tuple(step.model_copy(update={"optional": step.step == "create_packages"}) for step in vas_purchase.steps)
    lax = vas_purchase.model_copy(update={"steps": steps})
    committed.undo("create_packages")

    assert not {"I7", "I8"} & broken(committed, "committed", lax)


def record_of(story: Any, evidence: Evidence, name: str, error: str | None = None) -> ScenarioRecord:
    played = scenario(story.saga, name)
    found = judge(Judged(story.saga, played, evidence))
    steps = step_records(story.saga, evidence)
    return ScenarioRecord(played, evidence.saga_id, story.end, 12, error, found, steps, evidence.trace)


def test_a_record_as_json_has_all_that_a_report_shows(escalated: Any) -> None:
    found = record_of(escalated, escalated.evidence(), "undo-fails-at-apply_vas").as_json()

    assert (found["name"], found["tier"], found["expected"], found["outcome"], found["verdict"]) == (
        "undo-fails-at-apply_vas",
        "nightly",
        "escalated",
        "escalated",
        "kept",
    )
    assert [fault["class"] for fault in found["faults"]] == ["K5", "K1"]
    assert [one["id"] for one in found["invariants"]] == EVERY_ID
    assert found["steps"][1] == {
        "step": "apply_vas",
        "state": "failed_compensation",
        "status": "applied",
        "probe": {"services": ["highlight"]},
    }
    assert found["notifications"] == [{"step": "apply_vas", "event": "it_failed", "status": 204, "fate": "ok"}]
    assert found["trace"][-1]["role"] == "notification"


def test_what_could_not_be_found_out_is_neither_kept_nor_broken(committed: Any) -> None:
    record = record_of(committed, committed.evidence(), "committed", error="The fault was never met.")

    assert record.verdict == "unknown"
    assert record.as_json()["invariants"][0] == {"id": "harness", "verdict": "unknown", "text": "The fault was never met."}


def test_a_record_without_any_finding_is_not_kept(committed: Any) -> None:
    played = scenario(committed.saga, "committed")

    assert ScenarioRecord(played, "saga-7", "committed", 1).verdict == "unproven"


def test_a_fault_that_lasts_at_a_callback_of_a_step_that_only_goes_forward_can_escalate(exhausted: Any) -> None:
    played = scenario(exhausted.saga, "no-reply-at-notify")
    at_callback = replace(played, faults=(Fault("notify", Role.CALLBACK, Kind.REQUEST_LOST, None),))

    found = {one.id: one for one in judge(Judged(exhausted.saga, at_callback, exhausted.evidence()))}

    assert found["I1"].verdict == Verdict.KEPT
