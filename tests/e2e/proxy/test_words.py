from typing import Any

import pytest

from saga_contracts.derive import model
from saga_contracts.derive.expectations import Letter
from saga_contracts.derive.model import Rules
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.trace import Fate
from saga_e2e.proxy.words import as_word, readings, word


@pytest.fixture
def empty(committed: Any) -> Any:
    committed.calls.clear()
    return committed


def text_of(story: Any, step: str) -> str:
    return " ".join(word(story.calls, step))


def test_what_never_arrived_is_no_letter(empty: Any) -> None:
    empty.forward("apply_vas", None, fate=Fate.REQUEST_LOST).forward("apply_vas").undo("apply_vas", None, fate=Fate.UNAVAILABLE)

    assert text_of(empty, "apply_vas") == "F"


def test_a_lost_reply_leaves_its_letter_and_a_duplicate_leaves_two(empty: Any) -> None:
    empty.forward("apply_vas", fate=Fate.REPLY_LOST).forward("apply_vas", fate=Fate.DUPLICATED).undo("apply_vas")

    assert text_of(empty, "apply_vas") == "F F F C"


def test_the_first_arrival_that_is_refused_has_a_letter_of_its_own_and_its_repetitions_have_not(empty: Any) -> None:
    empty.forward("apply_vas", "refused", fate=Fate.DUPLICATED).forward("apply_vas", "refused")

    assert text_of(empty, "apply_vas") == "R F F"


def test_a_refusal_after_the_compensation_is_an_ordinary_forward_letter_because_the_precondition_was_not_asked(
    empty: Any,
) -> None:
    empty.undo("apply_vas").forward("apply_vas", "refused")

    assert text_of(empty, "apply_vas") == "C F"


def test_a_lost_first_try_leaves_the_refusal_to_the_second(empty: Any) -> None:
    empty.forward("apply_vas", None, fate=Fate.REQUEST_LOST).forward("apply_vas", "refused")

    assert text_of(empty, "apply_vas") == "R"


def test_a_callback_stands_once_however_often_it_was_sent_and_also_when_it_was_lost(empty: Any) -> None:
    empty.forward("create_packages", "in_progress")
    empty.call("create_packages", Role.CALLBACK, None, told="done", fate=Fate.REQUEST_LOST)
    empty.call("create_packages", Role.CALLBACK, told="done")

    assert text_of(empty, "create_packages") == "F D"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("refused", {("F", "C"), ("F", "X", "C")}),
        ("done", {("F", "C"), ("F", "D", "C")}),
        ("something", {("F", "C", "?")}),
    ],
)
def test_a_callback_after_the_compensation_may_tell_what_was_true_before_or_what_never_came_to_be(
    empty: Any, told: str, found: set[tuple[str, ...]]
) -> None:
    empty.forward("create_packages", "in_progress").undo("create_packages")
    empty.call("create_packages", Role.CALLBACK, told=told)

    assert set(readings(empty.calls, "create_packages")) == found


def test_a_callback_that_is_repeated_after_the_compensation_is_the_one_from_before(empty: Any) -> None:
    empty.accepted("create_packages").undo("create_packages").call("create_packages", Role.CALLBACK, told="done")

    assert readings(empty.calls, "create_packages") == (("F", "D", "C"),)


@pytest.mark.parametrize("outcome", ["suspended", "refused"])
def test_a_callback_of_a_call_that_was_never_accepted_before_the_compensation_stands_where_it_came(
    empty: Any, outcome: str
) -> None:
    empty.undo("create_packages").forward("create_packages", outcome)
    empty.call("create_packages", Role.CALLBACK, told="done")

    assert readings(empty.calls, "create_packages") == (("C", "F", "D"),)


def test_a_callback_that_cannot_be_read_is_no_letter_of_the_model(empty: Any) -> None:
    empty.accepted("create_packages", told="something")

    assert as_word(word(empty.calls, "create_packages")) is None


def test_letters_go_by_the_time_of_arrival_not_by_the_end(empty: Any) -> None:
    empty.forward("apply_vas", at_ms=10, ended_ms=99).undo("apply_vas", at_ms=20, ended_ms=30)
    empty.calls.reverse()

    assert text_of(empty, "apply_vas") == "F C"


@pytest.mark.parametrize("faults", [1, 2])
def test_a_callback_of_any_history_may_be_seen_after_the_compensation(empty: Any, faults: int) -> None:
    step = empty.saga.step("create_packages")
    deck = model.words(Rules.of(step_slice(empty.saga, step.step)), faults)
    told = {Letter.DONE: "done", Letter.CALLBACK_REFUSED: "refused"}
    delayed = [word for word in deck if Letter.COMPENSATE in word and set(word[: word.index(Letter.COMPENSATE)]) & set(told)]
    assert len(delayed) > faults

    for history in delayed:
        empty.calls.clear()
        for letter in [*(one for one in history if one not in told), *(one for one in history if one in told)]:
            if letter in told:
                empty.call(step.step, Role.CALLBACK, told=told[letter])
            elif letter == Letter.COMPENSATE:
                empty.undo(step.step)
            else:
                empty.forward(step.step, "in_progress")
        assert set(readings(empty.calls, step.step)) & set(deck), history
