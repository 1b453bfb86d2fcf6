"""A compensation by an id that only the reply of the forward call has: broken as declared, or kept where it can be looked up."""

from pathlib import Path
from typing import Any

import pytest

import small_sagas
from outcomes import check_deck, check_pacts
from saga_contracts.client import StepCall, StepClient
from saga_contracts.declare.outcomes import Outcome, Sought, State
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption, cases
from saga_contracts.derive.slices import step_slice
from saga_contracts.read import lint_demands
from saga_contracts.sagafile import SagaFileError
from saga_contracts.stand_in import deviating
from saga_contracts.stand_in.server import Serving
from stand_ins import all_right, played

BY_ID = {"method": "DELETE", "path": "/holds/{outputs.pay.id}"}
LOOKUP: dict[str, Any] = {
    "request": {"method": "GET", "path": "/holds", "query": {"key": "{key}"}},
    "replies": {
        "found": {"status": 200, "body": {"items": [{"id": {"$like": "h-1"}}]}},
        "absent": {"status": 200, "body": {"items": []}},
    },
    "outputs": {"id": "/items/0/id"},
}
CALL = StepCall("saga-1", {"order_id": "o-1", "amount": 5})


def step(**fields: Any) -> dict[str, Any]:
    made = small_sagas.step() | {"timeout_ms": 5000}
    made["forward"]["replies"]["done"] = {"status": 201, "body": {"state": "made", "id": {"$like": "h-1"}}}
    made["forward"]["outputs"] = {"id": "/id"}
    made["compensate"]["request"] = BY_ID
    return made | fields


def saga(one: dict[str, Any], **fields: Any) -> Saga:
    payload = {
        "schema": {"type": "object"},
        "example": {"order_id": "o-1", "amount": 5, "note": "n-1"},
        "fresh": ["order_id", "note"],
    }
    return small_sagas.saga(one, small_sagas.step("send") | {"after": ["pay"]}, **{"payload": payload, **fields})


def status_by_id() -> dict[str, Any]:
    return {**small_sagas.step()["status"], "request": {"method": "GET", "path": "/holds/{outputs.pay.id}/state"}}


KINDS: dict[str, dict[str, Any]] = {
    "C by id": step(),
    "C and S by id": step(status=status_by_id()),
    "C by id with a look-up": step(lookup=LOOKUP),
    "C and S by id with a look-up": step(status=status_by_id(), lookup=LOOKUP),
    "a look-up by a field of the payload": step(
        lookup=LOOKUP | {"request": {"method": "GET", "path": "/holds", "query": {"order": "{payload.order_id}"}}}
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_participant_keeps_all_but_what_the_file_gives_up(kind: str, tmp_path: Path) -> None:
    check_deck(saga(KINDS[kind]), "pay")
    check_deck(saga(KINDS[kind]), "pay", lambda names: names[-1])
    check_pacts(saga(KINDS[kind]), tmp_path)


def test_without_a_look_up_addressing_by_key_is_broken_as_declared_and_the_note_says_so() -> None:
    slice_ = step_slice(saga(step()), "pay")
    assert list(adoption.declared_broken(slice_)) == ["O33"]
    assert [one for one in ("O8", "O9") if adoption.applies(slice_, one)] == ["O8", "O9"]
    assert any("declare `lookup`, or waive it" in note for note in lint_demands.notes(saga(step())))


def test_a_compensation_that_cannot_be_made_is_told_in_its_history() -> None:
    result = check_deck(saga(step()), "pay")
    broken = {history.name: [one.text for one in history.broken] for history in result.histories if history.broken}
    assert set(broken) == {"C", "C F", "R C"}
    assert "needs the output `id` of pay" in broken["C"][0]


def test_a_waived_obligation_lets_the_deck_pass() -> None:
    result = check_waived(saga(step(), waivers=[small_sagas.waiver("O33")]))
    assert result == Verdict.WAIVED


def check_waived(definition: Saga) -> Verdict:
    slice_ = step_slice(definition, "pay")
    result = played(all_right(definition, "pay_service"), slice_)
    assert {one.verdict for one in result.histories} == {Verdict.KEPT, Verdict.WAIVED}
    return result.verdict


def test_with_a_look_up_only_the_late_forward_call_is_given_up() -> None:
    slice_ = step_slice(saga(step(lookup=LOOKUP)), "pay")
    assert list(adoption.declared_broken(slice_)) == ["O9"]
    result = check_deck(saga(step(lookup=LOOKUP)), "pay")
    assert {one.name for one in result.histories if one.broken} == {"C F"}
    assert result.obligations["O33"] == Verdict.KEPT
    assert result.obligations["O8"] == Verdict.KEPT


def test_calls_that_cannot_be_made_stand_in_no_contract() -> None:
    names = {one.name.removeprefix("sale/pay/") for one in cases.derive(saga(KINDS["C and S by id with a look-up"]))}
    assert {"compensate/done", "compensate/done_again", "status/applied", "lookup/found", "lookup/absent"} <= names
    assert names.isdisjoint(
        {"compensate/null", "compensate/after_refusal", "forward/suspended", "status/absent", "status/refused"}
    )


def test_a_look_up_that_finds_nothing_is_found_out() -> None:
    slice_ = step_slice(saga(step(lookup=LOOKUP)), "pay")
    result = played([deviating.HOW["finds-nothing"](slice_)], slice_)
    assert {one.obligation for history in result.histories for one in history.broken} == {"O9", "O33"}


def test_the_client_library_looks_up_what_a_lost_reply_would_have_told() -> None:
    definition = saga(KINDS["C and S by id with a look-up"])
    rules = all_right(definition, "pay_service")
    with Serving(rules) as serving, StepClient(definition, {"pay_service": serving.base_url}) as client:
        assert client.status("pay", CALL).outcome == State.ABSENT
        assert client.compensate("pay", CALL).outcome == Outcome.DONE
        assert client.lookup("pay", CALL).outcome == Sought.ABSENT
        done = client.forward("pay", CALL)
        assert client.status("pay", CALL).outcome == State.APPLIED
        found = client.lookup("pay", CALL)
        assert (found.outcome, found.outputs) == (Sought.FOUND, done.outputs)
        assert client.compensate("pay", CALL).outcome == Outcome.DONE
        assert client.status("pay", CALL.knowing("pay", done.outputs)).outcome == State.COMPENSATED


UNDO = small_sagas.step()["compensate"]
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"lookup": LOOKUP | {"outputs": {"nr": "/items/0/id"}}}, "has no output `nr`"),
    ({"lookup": LOOKUP | {"outputs": {}}}, "at least one"),
    ({"lookup": LOOKUP | {"request": {"method": "GET", "path": "/holds"}}}, "nothing by which this saga's step could be found"),
    ({"lookup": LOOKUP | {"request": {"method": "GET", "path": "/holds/{outputs.pay.id}"}}}, "own step's reply (O33)"),
    ({"lookup": LOOKUP | {"request": {"method": "GET", "path": "/holds", "query": {"for": "{payload.note}"}}}}, "does not hold"),
    ({"lookup": LOOKUP, "compensate": UNDO}, "nothing is to be looked up"),
    ({"compensate": UNDO | {"request": {"method": "DELETE", "path": "/h/{outputs.pay.nr}"}}}, "The step has no output `nr`."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_what_cannot_be_looked_up_is_a_fault_with_its_mend(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SagaFileError) as caught:
        saga(step(**change))
    assert words in str(caught.value)
