"""Calls of a run against published contracts: what fits, what no contract speaks of, what differs, what nobody has used."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.errors import UsageError
from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Role
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.judge.traffic.comparison import Traffic, compare
from saga_e2e.judge.traffic.contracts import contracts_of
from saga_e2e.play.published import contracts
from saga_e2e.proxy.trace import Answered, Stray

STATE = {"type": "ProviderState"}
RESERVE = {
    "key": "vas_purchase/reserve_money/forward/done",
    "type": "Synchronous/HTTP",
    "description": "reserve",
    "request": {
        "method": "POST",
        "path": "/reservations",
        "headers": {"Idempotency-Key": ["saga-1:reserve_money"], "Content-Type": ["application/json"]},
        "body": {
            "content": {"account_id": "a", "order_id": "o", "amount_minor": 1},
            "contentType": "application/json",
            "encoded": False,
        },
        "generators": {
            "header": {"Idempotency-Key": {**STATE, "expression": "${stepKey}"}},
            "body": {"$.account_id": {**STATE, "expression": "${account_id}"}},
        },
        "matchingRules": {
            "body": {"$.order_id": {"matchers": [{"match": "type"}]}, "$.amount_minor": {"matchers": [{"match": "integer"}]}}
        },
    },
    "response": {
        "status": 201,
        "body": {"content": {"state": "reserved", "reservation_id": "r"}, "contentType": "application/json", "encoded": False},
        "matchingRules": {"body": {"$.reservation_id": {"matchers": [{"match": "type"}]}}},
    },
}
CANCEL = {
    "key": "vas_purchase/reserve_money/compensate/done",
    "type": "Synchronous/HTTP",
    "description": "cancel",
    "request": {"method": "POST", "path": "/reservations/cancel"},
    "response": {"status": 200, "body": {"state": "cancelled"}},
}
TOLD = {
    "key": "vas_purchase/create_packages/callback/done",
    "type": "Asynchronous/Messages",
    "description": "told",
    "contents": {
        "content": {"key": "saga-1:create_packages", "outcome": "done"},
        "contentType": "application/json",
        "encoded": False,
    },
    "matchingRules": {"body": {"$.key": {"matchers": [{"match": "type"}]}}},
}


def pact(provider: str, *interactions: dict[str, Any], sources: dict[Any, str] | None = None) -> dict[str, Any]:
    return {
        "consumer": {"name": "saga_service"},
        "provider": {"name": provider},
        "interactions": list(interactions),
        "metadata": {"pactSpecification": {"version": "4.0"}, "sagapact": {"source": sources or {}}},
    }


PACTS = [
    pact("billing", RESERVE, CANCEL, sources={RESERVE["key"]: "library", CANCEL["key"]: "native"}),
    pact("vas_packages", TOLD),
]


def compared(story: Any, pacts: list[dict[str, Any]] = PACTS) -> Traffic:
    scenario, evidence = derive(story.saga)[0], story.evidence()
    record = ScenarioRecord(scenario, "saga-7", "committed", 1, trace=evidence.trace, strays=evidence.strays)
    return compare(story.saga, [record], contracts_of(pacts))


def only(story: Any, *kept: tuple[str, Role]) -> Any:
    story.calls = [call for call in story.calls if (call.step, call.role) in kept]
    return story


def test_a_call_and_its_answer_that_a_contract_says_are_seen_at_work(committed: Any) -> None:
    found = compared(only(committed, ("reserve_money", Role.FORWARD), ("create_packages", Role.CALLBACK)))

    assert (found.calls, found.matched, found.odd) == (2, 2, ())
    assert [(one.name, one.source, one.count) for one in found.used] == [
        (RESERVE["key"], "library", 1),
        (CANCEL["key"], "native", 0),
        (TOLD["key"], "", 1),
    ]
    assert [one.name for one in found.unused] == [CANCEL["key"]]


def test_a_call_that_no_contract_speaks_of_is_told_once_with_its_number(committed: Any) -> None:
    only(committed, ("apply_vas", Role.FORWARD)).forward("apply_vas")

    (odd,) = compared(committed).odd

    assert (odd.what, odd.target, odd.count) == ("no contract", "user_service", 2)
    assert odd.request == "PUT /users/user-1/vas-operations/{key}"


def test_a_body_that_differs_is_told_with_the_place(committed: Any) -> None:
    only(committed, ("reserve_money", Role.FORWARD))
    call = committed.calls[0]
    committed.calls[0] = replace(call, sent=replace(call.sent, body={**call.sent.body, "amount_minor": "1", "note": "x"}))

    (odd,) = compared(committed).odd

    assert (odd.what, odd.contract) == ("call differs", RESERVE["key"])
    assert odd.differs == '`amount_minor` is "1", not 1 by integer'


def test_an_answer_that_no_contract_has_is_told_and_try_again_is_not(committed: Any) -> None:
    only(committed, ("reserve_money", Role.FORWARD))
    call = committed.calls[0]
    committed.calls = [
        replace(call, replies=(Answered(Received(422, {"error": "insufficient_funds"}), "refused"),)),
        replace(call, replies=(Answered(Received(503), "retryable"),)),
    ]

    found = compared(committed)

    assert [(one.what, one.differs) for one in found.odd] == [("answer differs", "the status is 422, not 201")]
    assert found.matched == 1


def test_a_header_or_a_query_that_differs_is_no_contracts_call(committed: Any) -> None:
    only(committed, ("reserve_money", Role.FORWARD))
    call = committed.calls[0]
    without = {name: value for name, value in call.sent.headers.items() if name != "idempotency-key"}
    committed.calls = [
        replace(call, sent=replace(call.sent, headers=without)),
        replace(call, sent=replace(call.sent, query=(("force", "1"),))),
    ]

    assert {one.differs for one in compared(committed).odd} == {
        "the header Idempotency-Key is missing",
        "the query has force, not nothing",
    }


def test_a_call_that_nobody_declared_is_among_those_without_a_contract(committed: Any) -> None:
    only(committed)
    committed.strays.append(Stray(5.0, "billing", "PATCH /reservations", "It comes nearest to nothing."))

    assert [one.request for one in compared(committed).odd] == ["PATCH /reservations"]


def test_contracts_are_read_from_a_folder_and_a_folder_without_one_is_a_wrong_usage(tmp_path: Path) -> None:
    for number, one in enumerate(PACTS):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))

    assert len(contracts(str(tmp_path), ["billing", "vas_packages", "notifications"])) == 3
    with pytest.raises(UsageError, match="with billing, vas_packages"):
        contracts(str(tmp_path), ["notifications"])


def test_contracts_that_say_the_same_are_told_apart_by_what_had_arrived(compensated: Any) -> None:
    cases = [{**CANCEL, "key": f"vas_purchase/reserve_money/compensate/{case}"} for case in ("done", "done_again", "null")]
    only(compensated, ("reserve_money", Role.FORWARD), ("reserve_money", Role.COMPENSATE))
    compensated.undo("reserve_money")

    used = {one.name.rpartition("/")[2]: one.count for one in compared(compensated, [pact("billing", RESERVE, *cases)]).used}

    assert (used["done"], used["done_again"], used["null"]) == (1, 1, 0)
