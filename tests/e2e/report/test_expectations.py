"""What should have come is read off the saga file, call by call, as the deck has it."""

from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.decks import History, derive
from saga_contracts.derive.expectations import Letter
from saga_contracts.derive.slices import step_slice
from saga_e2e.report.data import Call, DeckResult, HistoryResult
from saga_e2e.report.expectations import expected

STEPS = ["reserve_money", "apply_vas", "create_packages", "notify"]
OWN = (Letter.DONE, Letter.CALLBACK_REFUSED)


def _call(letter: str, outcome: str | None = None, **more: Any) -> Call:
    return Call.model_validate({"letter": letter, "outcome": outcome} | more)


def _evidence(history: History) -> list[tuple[Call, tuple[str, ...]]]:
    """Give the calls of a history that is played to its end, each with the outcomes that would be right."""
    found: list[tuple[Call, tuple[str, ...]]] = [(_call("probe"), ())]
    for play in history.plays:
        if play.letter not in OWN:
            found.append((_call(play.letter.value, play.expects.outcomes[0]), play.expects.outcomes))
        states = tuple(state.value for state in play.expects.told)
        found += [(_call("S", states[0]), states)] * 2
    return [*found, (_call("probe"), ())]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("faults", [1, 2])
def test_every_call_of_every_history_is_given_what_its_deck_expects(saga: Saga, step: str, faults: int) -> None:
    for history in derive(step_slice(saga, step), faults).histories:
        evidence = _evidence(history)
        result = HistoryResult(word=history.name, calls=tuple(call for call, _ in evidence))
        found = expected(saga, DeckResult(step=step, faults=faults), result)
        assert [one.outcomes for one in found] == [outcomes for _, outcomes in evidence], history.name
        assert all(one.words for one in found)
        assert sum(one.callback_before for one in found) == sum(play.letter in OWN for play in history.plays)


def test_the_words_name_outcome_and_status(saga: Saga) -> None:
    calls = (_call("C", "done"), _call("S"), _call("S"), _call("F", "suspended"))
    found = expected(saga, DeckResult(step="reserve_money"), HistoryResult(word="C F", calls=calls))
    assert [one.words for one in found] == [
        "done (200)",
        "compensated (200)",
        "compensated (200)",
        "suspended (409) or refused (422)",
    ]


def test_a_repetition_after_try_again_belongs_to_the_same_event(saga: Saga) -> None:
    calls = (_call("C", "retryable"), _call("C", "done"), _call("F", "suspended"))
    found = expected(saga, DeckResult(step="reserve_money"), HistoryResult(word="C F", calls=calls))
    assert [one.outcomes for one in found] == [("done",), ("done",), ("suspended", "refused")]


def test_what_the_evidence_says_itself_comes_first(saga: Saga) -> None:
    calls = (_call("C", "unknown", expected="a reply in 2 s"),)
    [found] = expected(saga, DeckResult(step="reserve_money"), HistoryResult(word="C", calls=calls))
    assert found.words == "a reply in 2 s"


@pytest.mark.parametrize(
    ("deck", "word"),
    [({"step": "unheard_of"}, "C"), ({"step": "reserve_money"}, "C F M F"), ({"step": "reserve_money", "saga": "other"}, "C")],
)
def test_nothing_is_expected_of_what_the_saga_does_not_know(saga: Saga, deck: dict[str, Any], word: str) -> None:
    result = HistoryResult(word=word, calls=(_call("C", "done"),))
    assert [one.words for one in expected(saga, DeckResult.model_validate(deck), result)] == [None]


def test_nothing_is_expected_of_calls_that_do_not_follow_the_word(saga: Saga) -> None:
    result = HistoryResult(word="C F", calls=(_call("F", "done"), _call("S", "applied")))
    assert [one.words for one in expected(saga, DeckResult(step="reserve_money"), result)] == [None, None]
