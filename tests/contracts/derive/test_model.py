from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.outcomes import State
from saga_contracts.derive import model
from saga_contracts.derive.expectations import Letter, Word, after
from saga_contracts.derive.model import Rules

F, R, C, D, X = Letter.FORWARD, Letter.REFUSED, Letter.COMPENSATE, Letter.DONE, Letter.CALLBACK_REFUSED
PLAIN = Rules(
    tries=2, undo_tries=2, callback=False, can_refuse=True, can_be_undone=True, undone_after_done=True, cancels_siblings=False
)


def texts(rules: Rules, faults: int) -> set[str]:
    return {" ".join(word) for word in model.words(rules, faults)}


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    undoable = draw(st.booleans())
    return Rules(
        tries=draw(st.integers(1, 4)),
        undo_tries=draw(st.integers(1, 4)),
        callback=draw(st.booleans()),
        can_refuse=draw(st.booleans()),
        can_be_undone=undoable,
        undone_after_done=undoable and draw(st.booleans()),
        cancels_siblings=undoable and draw(st.booleans()),
    )


def test_without_a_fault_the_forward_call_arrives_once() -> None:
    assert texts(PLAIN, 0) == {"F"}


def test_one_fault_brings_every_single_trouble() -> None:
    assert texts(PLAIN, 1) == {"F", "R", "C", "F C", "F F", "F F C"}


def test_two_faults_bring_a_late_call_after_the_compensation() -> None:
    assert {"C F", "F C F", "R C", "F C C", "F F C C"} <= texts(PLAIN, 2)


def test_a_refusal_is_undone_only_when_an_earlier_try_had_no_answer() -> None:
    assert "R C" not in texts(PLAIN, 1)
    assert "R C" not in texts(replace(PLAIN, tries=1, undo_tries=1), 1)
    assert "R C" in texts(PLAIN, 2)


def test_a_retriable_step_is_repeated_and_never_undone() -> None:
    retriable = Rules(
        tries=2,
        undo_tries=2,
        callback=False,
        can_refuse=False,
        can_be_undone=False,
        undone_after_done=False,
        cancels_siblings=False,
    )
    assert texts(retriable, 1) == {"F", "F F"}
    assert all(Letter.COMPENSATE not in word for word in model.words(retriable, 4))


def test_a_step_that_never_reaches_its_participant_costs_one_fault() -> None:
    assert "C" in texts(replace(PLAIN, tries=10), 1)


def test_an_outage_costs_one_fault_however_many_replies_it_swallows() -> None:
    assert {"F F", "F F F", "F F F F", "F F F F C"} <= texts(replace(PLAIN, tries=4), 1)


def test_an_outage_lasts_across_a_crash() -> None:
    retriable = replace(PLAIN, tries=3, can_refuse=False, can_be_undone=False, undone_after_done=False)
    assert max(len(word) for word in model.words(retriable, 1)) == 3
    assert max(len(word) for word in model.words(retriable, 2)) == 6


def test_a_call_doubled_in_an_outage_may_come_after_the_compensation() -> None:
    assert "F F C F" in texts(replace(PLAIN, undone_after_done=False), 2)


def test_a_compensation_may_be_sent_more_often_than_its_forward_call() -> None:
    patient = replace(PLAIN, tries=1, undo_tries=4)
    assert {"C C", "C C C C"} <= texts(patient, 2)
    assert "F F" not in texts(replace(patient, undone_after_done=False), 0)
    assert max(word.count("C") for word in texts(replace(patient, undo_tries=1), 2)) < 4


def test_a_callback_comes_only_after_an_accepted_call() -> None:
    rules = replace(PLAIN, callback=True)
    assert texts(rules, 0) == {"F D"}
    assert {"F X", "F C", "F D C"} <= texts(rules, 1)
    for word in model.words(rules, 3):
        firsts = [word.index(letter) for letter in (D, X) if letter in word]
        assert all(F in word[:first] for first in firsts), word


def test_cancelling_siblings_lets_the_forward_call_arrive_after_the_compensation() -> None:
    assert "C F" in texts(replace(PLAIN, cancels_siblings=True), 1)
    assert "C F" not in texts(PLAIN, 1)


@pytest.mark.parametrize(
    ("word", "callback", "state"),
    [
        ((F,), False, State.APPLIED),
        ((F,), True, State.IN_PROGRESS),
        ((F, D), True, State.APPLIED),
        ((F, X), True, State.REFUSED),
        ((F, X, F, D), True, State.REFUSED),
        ((R,), False, State.REFUSED),
        ((R, F), False, State.REFUSED),
        ((C,), False, State.COMPENSATED),
        ((C, F), False, State.COMPENSATED),
        ((F, C, F), False, State.COMPENSATED),
        ((R, C), False, State.COMPENSATED),
        ((F, C, D), True, State.COMPENSATED),
    ],
)
def test_a_right_participant_follows_the_order_of_arrival(word: Word, state: State, *, callback: bool) -> None:
    found = State.ABSENT
    for letter in word:
        found = after(found, letter, callback=callback)
    assert found == state


@given(all_rules(), st.integers(0, 2))
@settings(max_examples=times(60), deadline=None)
def test_more_faults_never_take_a_word_away(rules: Rules, faults: int) -> None:
    assert model.words(rules, faults) <= model.words(rules, faults + 1)


@given(all_rules(), st.integers(0, 3))
@settings(max_examples=times(60), deadline=None)
def test_the_undisturbed_run_is_always_there_and_no_word_is_empty(rules: Rules, faults: int) -> None:
    words = model.words(rules, faults)
    assert ((F, D) if rules.callback else (F,)) in words
    assert () not in words


@given(all_rules(), st.integers(0, 3))
@settings(max_examples=times(60), deadline=None)
def test_any_word_with_a_compensation_ends_as_compensated(rules: Rules, faults: int) -> None:
    for word in model.words(rules, faults):
        state = State.ABSENT
        for letter in word:
            state = after(state, letter, callback=rules.callback)
        assert (state == State.COMPENSATED) == (C in word)
