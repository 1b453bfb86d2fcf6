"""What a published pact holds of a saga: read from any JSON, by key or by description."""

from datetime import date
from typing import Any

import pytest

from saga_broker.gate.run.contracts import Held, Messages, missing_cases, read
from saga_contracts.derive import cases
from saga_evidence import pact_of, slice_of
from small_sagas import saga, step, waiver

SALE = saga(step())
CASES = cases.derive(SALE)
SLICE = slice_of(SALE, "pay")
TODAY = date(2026, 5, 4)


def test_a_pact_holds_its_cases_and_says_from_which_file_it_was_made() -> None:
    held = read(pact_of("shop", "pay_service", CASES), "sale")
    assert missing_cases(SLICE, CASES, held, TODAY) == []
    assert held.slices == {"pay": frozenset({SLICE.sha})}
    assert not held.is_of_other_file(SLICE, SLICE.sha)
    assert held.is_of_other_file(SLICE, "0" * 64)


def test_a_case_is_held_by_the_description_where_the_key_is_another_tool_s() -> None:
    pact = pact_of("shop", "pay_service", CASES)
    for number, interaction in enumerate(pact["interactions"]):
        interaction["key"] = f"{number:08x}"
    assert missing_cases(SLICE, CASES, read(pact, "sale"), TODAY) == []


def test_a_case_that_no_interaction_holds_is_missing() -> None:
    held = read(pact_of("shop", "pay_service", [case for case in CASES if "/compensate/" not in case.name]), "sale")
    assert missing_cases(SLICE, CASES, held, TODAY) == [case.name for case in CASES if "/compensate/" in case.name]


def test_a_case_that_serves_nothing_but_what_is_waived_is_excused_until_then() -> None:
    sale = saga(step(), waivers=[waiver("O4"), waiver("O31", expires="2026-05-04")])
    held = read(pact_of("shop", "pay_service", [case for case in CASES if "misused" not in case.name]), "sale")
    slice_ = slice_of(sale, "pay")
    assert missing_cases(slice_, cases.derive(sale), held, TODAY) == []
    assert missing_cases(slice_, cases.derive(sale), held, date(2026, 5, 5)) == ["sale/pay/forward/misused"]
    assert missing_cases(SLICE, CASES, held, TODAY) == ["sale/pay/forward/misused"]


def test_the_slices_of_other_sagas_are_theirs() -> None:
    held = read(pact_of("shop", "pay_service", CASES), "another")
    assert held.slices == {}
    assert not held.is_of_other_file(SLICE, SLICE.sha)


def test_a_slice_that_cannot_be_read_is_of_another_file() -> None:
    pact = pact_of("shop", "pay_service", CASES)
    pact["interactions"][0]["comments"] = {"sagapact": {"format": 9}}
    held = read(pact, "sale")
    assert held.is_of_other_file(SLICE, SLICE.sha)
    assert "cannot read" in held.fault


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"interactions": 5},
        {"interactions": {"a": 1}},
        {"interactions": [5, None, "x", {"key": 5, "description": ["y"], "comments": "z"}]},
        {"interactions": [{"comments": {"sagapact": None}}]},
    ],
)
def test_any_json_can_be_read(document: Any) -> None:
    held = read(document, "sale")
    assert (held.names, held.slices, held.fault) == (frozenset(), {}, "")


def test_messages_are_begun_with_the_first_that_is_held() -> None:
    names = ("sale/_saga/creation/started", "sale/_saga/notification/step_exhausted")
    none = Messages("shop", "1", "owner", names, None)
    other = Messages("shop", "1", "owner", names, Held(frozenset({"x"})))
    some = Messages("shop", "1", "owner", names, Held(frozenset(names[:1])))
    assert [one.is_begun for one in (none, other, some)] == [False, False, True]
    assert (none.missing, some.missing) == (names, names[1:])
