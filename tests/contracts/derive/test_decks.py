from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Saga, Under
from saga_contracts.derive import decks
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.expectations import Letter, World, after
from saga_contracts.derive.slices import StepSlice, step_slice

Make = Callable[..., dict[str, Any]]
MakeSlice = Callable[..., StepSlice]


@pytest.fixture(scope="session")
def any_slice(make_step: Make, make_retriable: Make, make_pivot: Make, make_calling_back: Make, make_slice: MakeSlice) -> Any:
    """A strategy: slices of steps of every class, way of completion, number of tries and policy."""

    @st.composite
    def draw_slice(draw: st.DrawFn) -> StepSlice:
        kind = draw(st.sampled_from([make_step, make_retriable, make_pivot]))
        one = kind("a", tries=draw(st.integers(1, 4)))
        if draw(st.booleans()):
            one = make_calling_back(one)
        if draw(st.booleans()):
            del one["status"]
        if draw(st.booleans()) and "refusing" in one["given"]:
            del one["given"]["refusing"]
        others = [make_step("b", after=["a"])] if kind is make_step and draw(st.booleans()) else []
        if draw(st.booleans()):
            others.append(make_step("c"))
            one["after"] = [] if kind is make_step else ["c"]
        policies = {
            "siblings_of_failed_step": draw(st.sampled_from(["wait", "cancel"])),
            "suspended_forward": draw(st.sampled_from(["refused", "accepted"])),
        }
        return make_slice(one, *others, policies=policies)

    return draw_slice()


def by_name(deck: Deck) -> dict[str, History]:
    return {history.name: history for history in deck.histories}


def deck_of(saga: Saga, step: str, faults: int = 1) -> Deck:
    return decks.derive(step_slice(saga, step), faults)


def check_consistent(deck: Deck, slice_: StepSlice) -> None:
    for history in deck.histories:
        state = State.ABSENT
        assert len(history.plays) == len(history.word.split())
        for play in history.plays:
            expects, callback = play.expects, slice_.step.callback is not None
            state = after(state, play.letter, callback=callback)
            assert expects.following.state == state
            assert not expects.told or state in expects.told or getattr(slice_.step.status.replies, state.value) is None  # type: ignore[union-attr]
            assert expects.replies or play.letter in (Letter.DONE, Letter.CALLBACK_REFUSED)
            spoken = {expects.obligation, expects.told_obligation, expects.effect_obligation}
            assert spoken <= set(CATALOGUE)
            assert spoken <= set(history.obligations)
        assert list(history.obligations) == sorted(set(history.obligations), key=order_of)
        assert (history.world == World.APPLIED) == (state in (State.APPLIED, State.IN_PROGRESS))
        assert history.refusing == (history.world in (World.REFUSING, World.IMPROVED))


def test_what_has_to_be_tried_again_has_no_effect_and_succeeds_later(make_step: Any, make_saga: Any) -> None:
    one = make_step("a")
    one["given"]["retryable"] = [{"state": "the line is cut"}]
    slice_ = step_slice(make_saga(one), "a")
    deck = decks.derive(slice_)
    check_consistent(deck, slice_)
    found = {history.name: history for history in deck.histories if "T" in history.word}
    assert list(found) == ["T C", "T F"]
    first, second = found["T F"].plays
    assert (first.expects.outcomes, first.expects.told, first.expects.worlds) == (
        (Outcome.RETRYABLE,),
        (State.ABSENT,),
        (World.BEFORE,),
    )
    assert (found["T F"].under, first.improves, second.improves) == (Under.RETRYABLE, False, True)
    assert (second.expects.replies, second.expects.worlds) == (("done",), (World.APPLIED,))


def test_a_refusal_by_payload_never_improves(make_step: Any, make_saga: Any) -> None:
    one = make_step("a", given={"enough": [{"state": "there is enough"}], "refusing_payload": {"order_id": "order-0"}})
    deck = deck_of(make_saga(one), "a")
    assert {"R", "R F", "R C"} <= {history.name for history in deck.histories}
    assert not any(history.improved for history in deck.histories)


@given(st.data())
@settings(max_examples=times(80), deadline=None)
def test_every_deck_is_deterministic_never_empty_and_its_histories_agree_with_themselves(any_slice: Any, data: Any) -> None:
    slice_, faults = data.draw(any_slice), data.draw(st.integers(0, 3))
    deck = decks.derive(slice_, faults)
    assert deck == decks.derive(StepSlice.model_validate(slice_.as_json()), faults)
    assert deck.histories
    assert len(by_name(deck)) == len(deck.histories)
    check_consistent(deck, slice_)


@given(st.data())
@settings(max_examples=times(60), deadline=None)
def test_more_faults_never_take_a_history_away_nor_change_it(any_slice: Any, data: Any) -> None:
    slice_, faults = data.draw(any_slice), data.draw(st.integers(0, 2))
    fewer, more = by_name(decks.derive(slice_, faults)), by_name(decks.derive(slice_, faults + 1))
    assert set(fewer) <= set(more)
    for name, history in fewer.items():
        assert history.plays == more[name].plays
        assert history.faults in (None, more[name].faults)


def test_the_deck_of_the_reference_step_holds_what_its_obligations_speak_of(vas: Saga) -> None:
    histories = by_name(deck_of(vas, "reserve_money"))
    assert {"F", "R", "C", "C F", "F C", "F F", "F M", "F C C", "F C F", "R C", "R F", "R F (improved)"} <= set(histories)
    checked = {one for history in histories.values() for one in history.obligations}
    assert {
        "O1",
        "O2",
        "O3",
        "O4",
        "O6",
        "O7",
        "O8",
        "O9",
        "O11",
        "O12",
        "O13",
        "O14",
        "O15",
        "O21",
        "O31",
        "O32",
        "O33",
    } == checked


def test_a_null_compensation_is_answered_remembered_and_changes_nothing(vas: Saga) -> None:
    history = by_name(deck_of(vas, "reserve_money"))["C"]
    assert history.faults == 1
    expects = history.plays[0].expects
    assert (expects.replies, expects.outcomes, expects.obligation) == (("done",), (Outcome.DONE,), "O8")
    assert (expects.told, expects.told_obligation) == ((State.COMPENSATED,), "O8")
    assert history.world == World.BEFORE


def test_a_forward_call_after_its_compensation_has_no_effect(vas: Saga) -> None:
    history = by_name(deck_of(vas, "reserve_money"))["C F"]
    assert history.ends.obligation == "O9"
    assert history.ends.replies == ("suspended", "refused")
    assert history.world == World.BEFORE
    assert history.ends.effect_obligation == "O9"


def test_a_late_forward_call_may_be_declared_to_be_accepted(make_step: Make, make_slice: MakeSlice) -> None:
    deck = decks.derive(make_slice(make_step("a"), policies={"suspended_forward": "accepted"}))
    assert by_name(deck)["C F"].ends.outcomes == (Outcome.SUSPENDED, Outcome.DONE)
    assert by_name(deck)["C F"].world == World.BEFORE


def test_an_improved_precondition_does_not_revive_a_refused_key(vas: Saga) -> None:
    history = by_name(deck_of(vas, "reserve_money"))["R F (improved)"]
    assert history.ends.replies == ("refused",)
    assert history.world == World.IMPROVED
    assert history.ends.effect_obligation == "O32"


def test_a_step_without_status_has_no_status_expectations(make_step: Make, make_slice: MakeSlice) -> None:
    one = make_step("a")
    del one["status"]
    deck = decks.derive(make_slice(one))
    assert all(play.expects.told == () for history in deck.histories for play in history.plays)


def test_a_step_that_cannot_be_undone_has_no_compensation_in_its_deck(vas: Saga) -> None:
    assert all("C" not in history.word for history in deck_of(vas, "notify", 3).histories)


@pytest.mark.parametrize("faults", [-1, decks.MAX_FAULTS + 1])
def test_a_number_of_faults_out_of_range_is_refused(vas: Saga, faults: int) -> None:
    with pytest.raises(ValueError, match="0 to 4"):
        deck_of(vas, "notify", faults)


def test_the_claim_says_what_was_checked_and_what_was_not(vas: Saga) -> None:
    deck = deck_of(vas, "reserve_money", 2)
    assert "at most 2 faults" in deck.claim()
    assert f"{len(deck.histories)} histories" in deck.claim()
    assert "Not checked: other sagas" in deck.claim()
    assert "last confirmed never" in deck.claim()
    assert "last confirmed 2026-02-03" in deck.claim("2026-02-03")


def test_a_longer_saga_does_not_make_a_deck_larger(make_step: Make, make_slice: MakeSlice) -> None:
    chains = []
    for length in (2, 5, 30):
        names = [f"s{n}" for n in range(length)]
        steps = [make_step(name, after=[] if n == 0 else [names[n - 1]]) for n, name in enumerate(names)]
        chains.append([history.word for history in decks.derive(make_slice(*steps), 2).histories])
    assert chains[0] == chains[1] == chains[2]


def test_three_faults_give_more_histories_than_the_usual_number(vas: Saga) -> None:
    sizes = {step.step: len(deck_of(vas, step.step, 3).histories) for step in vas.steps}
    assert min(sizes.values()) > len(deck_of(vas, "notify").histories)
