"""A yes names what the saga's level of adoption does not ask for, what is waived, and which contracts are missing."""

from typing import Any

import pytest

from saga_evidence import breaks
from small_sagas import waiver

STATUS, EFFECT, FAILURE = "what status calls say", "what effect probes read", "crashes, races and several instances"
ORDERS = "the orders of calls that faults cause"


@pytest.mark.parametrize(
    ("level", "named", "obligations"),
    [
        (1, [STATUS, EFFECT, FAILURE], ["O2", "O6", "O12", "O14", "O15", "O16"]),
        (2, [EFFECT, FAILURE], ["O5", "O16"]),
        (3, [FAILURE], ["O5", "O10", "O16", "O34"]),
    ],
)
def test_what_the_level_does_not_ask_for_is_named(landscape: Any, level: int, named: list[str], obligations: list[str]) -> None:
    landscape.holds(level=level)
    answer = landscape.ask()

    assert answer["canRun"] is True
    texts = [answer["summary"], *(one["text"] for one in answer["reasons"] if one["step"] == "pay")]
    for text in texts:
        _, _, told = text.partition(f"Not looked at (level {level}): ")
        assert all(words in told for words in named), text
        assert not any(words in told for words in {STATUS, EFFECT, FAILURE} - set(named)), text
        assert all(one in told for one in obligations), text
    assert (ORDERS in answer["summary"]) == (level == 1)


def test_the_number_of_faults_stands_in_the_answer(landscape: Any) -> None:
    landscape.holds()
    assert "every history of at most k = 1 faults" in landscape.ask()["summary"]
    assert "its deck is kept (k = 1)" in str(landscape.ask()["reasons"])


def test_what_is_waived_is_named_with_its_person_and_its_end(landscape: Any) -> None:
    landscape.holds(waivers=[waiver("O31", expires="2026-05-31")])
    landscape.deck("pay", "10", 1, breaks("O31"), verdict="waived")
    answer = landscape.ask()
    assert answer["canRun"] is True
    assert "O31 (correlation): Broken in" in str(answer["reasons"])
    assert "Waived by A. Tester until 2026-05-31: being mended." in str(answer["reasons"])


def test_missing_message_contracts_are_named(landscape: Any) -> None:
    landscape.holds(owner="owner", executes_as="shop")
    answer = landscape.ask()
    assert answer["canRun"] is True
    assert "Contracts of messages are missing." in answer["summary"]
    (warning,) = [one for one in answer["reasons"] if one["type"] == "message_contract_missing"]
    assert (warning["verdict"], bool(warning["mend"])) == ("yes", True)
    assert "between shop and owner" in warning["text"]
