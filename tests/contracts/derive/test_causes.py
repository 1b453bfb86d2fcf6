"""Each history is told with the faults that cause it: as many as the model counts, the plainest of several."""

from itertools import product
from pathlib import Path

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import decks, model
from saga_contracts.derive.causes import Fault, causes, of_deck
from saga_contracts.derive.expectations import Letter
from saga_contracts.derive.model import At, Phase, Rules
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from saga_contracts.show.wording import CAUSES

SAGAS = [load_saga(path) for path in sorted((Path(__file__).parents[3] / "contracts" / "sagas").glob("*/saga.yaml"))]
PLAIN = Rules(
    tries=2, undo_tries=2, callback=False, can_refuse=True, can_be_undone=True, undone_after_done=True, cancels_siblings=False
)


def rules(**changes: bool | int) -> Rules:
    return Rules(**{name: getattr(PLAIN, name) for name in PLAIN.__slots__} | changes)


ALL_RULES = [
    rules(callback=callback, can_refuse=refuses, can_be_undone=undone, undone_after_done=undone and late, cancels_siblings=undone)
    for callback, refuses, undone, late in product((False, True), repeat=4)
]


@pytest.mark.parametrize(
    ("own", "word", "faults", "right"),
    [
        (PLAIN, "F", 0, []),
        (PLAIN, "R", 1, [(Fault.REFUSED, Phase.FORWARD)]),
        (PLAIN, "F F", 1, [(Fault.REPLY_LOST, Phase.FORWARD)]),
        (PLAIN, "F C", 1, [(Fault.OTHER_STEP_FAILED, Phase.DONE)]),
        (PLAIN, "C", 1, [(Fault.REQUESTS_SWALLOWED, Phase.FORWARD)]),
        (PLAIN, "F F C", 1, [(Fault.REPLIES_SWALLOWED, Phase.FORWARD)]),
        (PLAIN, "F C C", 2, [(Fault.OTHER_STEP_FAILED, Phase.DONE), (Fault.REPLY_LOST, Phase.UNDO)]),
        (rules(tries=1), "C", 1, [(Fault.REQUEST_LOST, Phase.FORWARD)]),
        (rules(tries=1), "C F", 1, [(Fault.LATE, Phase.FORWARD)]),
        (
            rules(tries=1, undone_after_done=False),
            "F C F",
            2,
            [(Fault.REPLY_LOST, Phase.FORWARD), (Fault.DOUBLED, Phase.FORWARD)],
        ),
        (rules(tries=1, undo_tries=1), "C C", 2, [(Fault.REQUEST_LOST, Phase.FORWARD), (Fault.DOUBLED, Phase.UNDO)]),
        (rules(tries=2, cancels_siblings=True), "C F", 1, [(Fault.CANCELLED, Phase.FORWARD)]),
        (rules(callback=True), "F C", 1, [(Fault.NO_CALLBACK, Phase.WAITING)]),
        (rules(callback=True), "F X", 1, [(Fault.REFUSED, Phase.WAITING)]),
    ],
)
def test_the_plainest_cause_is_told(own: Rules, word: str, faults: int, right: list[tuple[Fault, Phase]]) -> None:
    found = causes(own, tuple(Letter(one) for one in word.split()), faults)
    assert sorted((one.fault, one.phase.name) for one in found) == sorted((fault, phase.name) for fault, phase in right)


@pytest.mark.parametrize("own", ALL_RULES)
def test_every_move_of_the_model_tells_as_many_faults_as_it_costs(own: Rules) -> None:
    known: set[At] = set()
    ahead = [At(budget=2)]
    while ahead:
        at = ahead.pop()
        if at in known:
            continue
        known.add(at)
        for move in model.moves(own, at):
            assert len(set(move.faults)) == len(move.faults) == at.budget - move.at.budget, (at, move)
            ahead.append(move.at)


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize("saga", SAGAS, ids=lambda saga: saga.saga)
def test_each_history_of_a_deck_has_as_many_causes_as_faults(saga: Saga, faults: int) -> None:
    for step in saga.steps:
        slice_ = step_slice(saga, step.step)
        deck = decks.derive(slice_, faults)
        found = of_deck(slice_, deck)
        assert {name: len(one) for name, one in found.items()} == {
            one.word: one.faults for one in deck.histories if one.faults is not None
        }


def test_a_word_that_so_few_faults_do_not_cause_has_no_cause() -> None:
    with pytest.raises(ValueError, match="F C is not caused by 0 faults"):
        causes(PLAIN, (Letter.FORWARD, Letter.COMPENSATE), 0)


def test_every_fault_has_its_words() -> None:
    assert set(CAUSES) == set(Fault)
