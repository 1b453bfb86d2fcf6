"""Who is at fault, a participant by a history of its deck or the orchestrator, and how a failure is told."""

import ast
from dataclasses import replace
from typing import Any

from saga_contracts.wire.replies import Received
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.findings import Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.proxy.trace import Answered, Fate
from saga_e2e.shrink.blame import Guilty, guilty
from saga_e2e.shrink.search import Shrunk
from saga_e2e.shrink.telling import Place, Told, tell

HELD = {"available_minor": 0, "held_minor": 49900}
PLACE = Place(
    options="",
    landscape="reference_landscape()",
    imports=("from saga_e2e.play.runner import run", "from saga_e2e.stage.landscape import reference_landscape"),
    files={"billing": "e2e/participants/billing/provider.yaml"},
    choose=lambda one: (f"--scenario {one.name}", f'names=["{one.name}"]'),
)


def named(story: Any, name: str) -> Scenario:
    return next(one for one in derive(story.saga) if one.name == name)


def blamed(story: Any, name: str) -> tuple[Guilty, ...]:
    return guilty(story.saga, named(story, name), story.evidence())


def told(story: Any, name: str) -> Told:
    scenario, evidence = named(story, name), story.evidence()
    findings = judge(Judged(story.saga, scenario, evidence))
    record = ScenarioRecord(scenario, evidence.saga_id, story.end, 5, None, findings, trace=evidence.trace, evidence=evidence)
    return tell(story.saga, Shrunk(record, record, record.broken[0].id, 3, again=True), PLACE)


def test_nobody_is_at_fault_when_all_went_well(committed: Any, compensated: Any, escalated: Any, exhausted: Any) -> None:
    stories = [(committed, "committed"), (compensated, "refused-at-apply_vas"), (escalated, "undo-fails-at-apply_vas")]

    assert [blamed(story, name) for story, name in (*stories, (exhausted, "no-reply-at-notify"))] == [()] * 4


def test_a_participant_whose_compensation_does_nothing_is_at_fault_by_its_history(compensated: Any) -> None:
    compensated.statuses["reserve_money"], compensated.probes["reserve_money"] = "applied", HELD

    (found,) = blamed(compensated, "refused-at-apply_vas")

    assert (found.participant, found.step, found.history, found.faults) == ("billing", "reserve_money", "F C", 1)
    assert found.why == "After F C its status call tells applied instead of compensated."


def test_a_participant_that_lies_about_its_effect_is_at_fault(committed: Any) -> None:
    committed.probes["apply_vas"] = {"services": []}

    (found,) = blamed(committed, "committed")

    assert (found.history, found.faults, found.why) == ("F", 0, "After F its probe does not read the effect.")


def test_a_participant_that_refuses_its_own_retry_is_at_fault(committed: Any) -> None:
    refusal = Answered(Received(422, {"error": "insufficient_funds"}), "refused")
    first = committed.calls[0]
    committed.calls[0] = replace(first, replies=(*first.replies, refusal), fate=Fate.DUPLICATED)

    (found,) = blamed(committed, "duplicate-at-reserve_money")

    assert (found.history, found.faults) == ("F F", 1)
    assert found.why == "After F F it answered 422, which means refused (O3)."


def test_an_orchestrator_that_skips_a_compensation_is_at_fault_itself(compensated: Any) -> None:
    compensated.calls.pop()
    compensated.statuses["reserve_money"], compensated.probes["reserve_money"] = "applied", HELD

    found = told(compensated, "refused-at-apply_vas")

    assert found.guilty == ()
    assert found.orchestrator.startswith("Every participant did right by what arrived, so saga_service is at fault (I1): ")


def test_a_failure_is_told_with_a_command_a_test_and_the_history(compensated: Any) -> None:
    compensated.statuses["reserve_money"], compensated.probes["reserve_money"] = "applied", HELD

    found = told(compensated, "refused-at-apply_vas")

    assert found.command == "sagapact e2e run --saga vas_purchase --scenario refused-at-apply_vas"
    assert found.guilty[0]["command"] == (
        "sagapact verify e2e/participants/billing/provider.yaml --pact PACTS --faults 1 --replay 'F C' "
        "--step vas_purchase/reserve_money"
    )
    assert "The deck for one fault has this history" in found.guilty[0]["deck"]
    assert found.orchestrator == ""
    names = {node.name for node in ast.walk(ast.parse(found.test)) if isinstance(node, ast.FunctionDef)}
    assert names == {"test_i1_refused_at_apply_vas"}


def test_a_history_that_no_deck_has_is_said_to_be_the_orchestrators_as_well(committed: Any) -> None:
    for _ in range(9):
        committed.forward("apply_vas")
    committed.statuses["apply_vas"] = "refused"

    (found,) = told(committed, "committed").guilty

    assert found["deck"].startswith("No deck of at most four faults has this history")
    assert found["command"] == ""
