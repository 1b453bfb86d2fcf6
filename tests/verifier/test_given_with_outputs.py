"""Preconditions with outputs of earlier steps, and what a state answers: decks and contracts are filled by the same values."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import small_sagas
from outcomes import check_deck, check_kept, check_pacts, written
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import step_slice
from saga_contracts.rim.server import Answer, Received, as_json
from saga_contracts.sagafile import SagaFileError
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.verification import Target, verify_pact
from stand_ins import TODAY, AlreadyRunning, InThisProcess, all_right, played_at


def saga(state: str = "{outputs.pay.id}", **payload: Any) -> Saga:
    first, second = small_sagas.step(), small_sagas.step("send") | {"after": ["pay"]}
    first["forward"]["replies"]["done"] = {"status": 201, "body": {"id": {"$like": "h-1"}}}
    first["forward"]["outputs"] = {"id": "/id"}
    second["given"] = {
        "enough": [{"state": "a hold", "params": {"hold": state, "free": 5}}],
        "refusing": [{"state": "a hold", "params": {"hold": state, "free": 0}}],
    }
    second["forward"]["request"]["path"] = "/holds/{outputs.pay.id}/parcels"
    second["forward"]["request"]["query"] = {"order": "{payload.order_id}", "who": "{payload.customer.id}"}
    example = {"order_id": "order-1", "amount": 5, "customer": {"id": "c-1"}}
    fields = {"schema": {"type": "object"}, "example": example, "fresh": ["order_id", "customer.id"]}
    return small_sagas.saga(first, second, payload={**fields, **payload})


class Answering(Serving):
    """A participant whose states answer values of their own; it keeps the addresses of the forward calls."""

    values: dict[str, Any]
    called: list[str]

    def _set_up(self, received: Received) -> Answer:
        made = self.values.get("id", self.values.get("outputs.pay.id", "h-1"))  # it makes a hold of its own
        super()._set_up(replace(received, body=received.body.replace(b'"h-1"', json.dumps(made).encode())))
        return as_json(200, self.values)

    def _hear(self, received: Received) -> Answer:
        if received.path.endswith("/parcels"):
            self.called.append(f"{received.path}?{received.query}")
        return super()._hear(received)


def answering(definition: Saga, values: dict[str, Any]) -> Answering:
    serving = Answering(all_right(definition, "send_service"))
    serving.values, serving.called = values, []
    return serving


def test_a_precondition_may_name_outputs_of_earlier_steps(tmp_path: Path) -> None:
    check_deck(saga(), "send")
    check_pacts(saga(), tmp_path)


ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"outputs.pay.id": "srv-7"}, "/holds/srv-7/parcels?"),
    ({"id": "srv-7"}, "/holds/srv-7/parcels?"),
    ({"id": "srv 7"}, "/holds/srv%207/parcels?"),
    ({"order_id": "srv-7"}, "order=srv-7"),
    ({"customer.id": "srv-7"}, "who=srv-7"),
]


@pytest.mark.parametrize(("values", "part"), ANSWERS, ids=[str(values) for values, _ in ANSWERS])
def test_what_a_state_answers_is_called_with_by_decks_and_contracts_alike(
    values: dict[str, Any], part: str, tmp_path: Path
) -> None:
    definition = saga()
    slice_ = step_slice(definition, "send")
    with answering(definition, values) as serving:
        result = played_at(serving.base_url, slice_, only=lambda one: one.word in ("F", "F F", "R"))
        assert {one.verdict for one in result.histories} == {Verdict.KEPT}
        assert serving.called
        assert all(part in one for one in serving.called)
    [file] = [one for one in written(definition, tmp_path) if "send_service" in one.name]
    pact = json.loads(file.read_text(encoding="utf-8"))
    with answering(definition, values) as serving:
        target = Target("send_service", AlreadyRunning(serving.base_url), lambda: serving.base_url + STATES, InThisProcess())
        outcome = verify_pact(target, pact, faults=0, today=TODAY)
        assert {one.key: one.mismatches for one in outcome.interactions if one.verdict != Verdict.KEPT} == {}
        assert serving.called
        assert all(part in one for one in serving.called)


def test_a_right_participant_whose_states_answer_is_kept_as_a_whole() -> None:
    definition = saga()
    with answering(definition, {"id": "srv-7"}) as serving:
        check_kept(step_slice(definition, "send"), played_at(serving.base_url, step_slice(definition, "send")))


def test_an_output_of_no_earlier_step_is_a_fault() -> None:
    with pytest.raises(SagaFileError, match=r"The step `pay` has no output `nr`\."):
        saga("{outputs.pay.nr}")
