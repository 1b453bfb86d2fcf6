"""Kills: after each event of each history of the deck, none of them twice, and in the reply to each change of state."""

import pytest

from saga_contracts.declare.saga import Completion
from saga_contracts.derive import decks
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import Kind, crash
from saga_contracts.sagafile import parse_saga
from small_participant import SAGA

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")


def later(slice_: StepSlice) -> StepSlice:
    """Give a step that is polled."""
    return slice_.model_copy(update={"step": slice_.step.model_copy(update={"completion": Completion.POLL})})


@pytest.mark.parametrize("faults", [0, 1, 2])
@pytest.mark.parametrize("slice_", [TAKE, later(TAKE)], ids=["sync", "poll"])
def test_every_history_is_killed_after_each_of_its_events_by_itself_or_by_one_that_carries_it_on(
    slice_: StepSlice, faults: int
) -> None:
    deck = decks.derive(slice_, faults)
    trials = list(crash.trials(slice_, deck))
    between = [one for one in trials if not crash.in_reply(one)]

    for history in deck.histories:
        for at in range(1, len(history.plays) + 1):
            whole = len(history.plays)
            carried = [one for one in between if one.at == at and one.history.plays[:whole] == history.plays]
            assert carried, (history.name, at)
    assert len({one.name for one in trials} | {one.name for one in deck.histories}) == len(trials) + len(deck.histories)
    assert {(one.kind, one.obligations) for one in trials} == {(Kind.CRASH, ("O16",))}


def test_no_history_is_killed_that_another_one_carries_on() -> None:
    names = [one.name for one in crash.trials(TAKE, decks.derive(TAKE, 1))]

    assert "F C kill" not in names
    assert {"F C kill C", "F C kill F"} <= set(names)


def test_of_replies_one_is_caught_for_each_change_of_state_and_what_tells_of_it_next() -> None:
    caught = {one.name for one in crash.trials(TAKE, decks.derive(TAKE, 1)) if crash.in_reply(one)}

    assert caught == {
        "F kill-in-reply F",
        "F kill-in-reply C",
        "R kill-in-reply F (improved)",
        "R kill-in-reply C",
        "R C kill-in-reply",
        "C kill-in-reply F",
        "F C kill-in-reply C",
        "F C kill-in-reply F",
    }


def test_the_end_of_work_is_told_by_a_reply_as_well() -> None:
    caught = {one.name for one in crash.trials(later(TAKE), decks.derive(later(TAKE), 1)) if crash.in_reply(one)}

    assert {"F kill-in-reply D", "F D kill-in-reply F", "F kill-in-reply C"} <= caught
