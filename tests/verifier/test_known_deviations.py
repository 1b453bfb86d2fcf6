"""The table of deviations and reference sagas: each is caught by its own obligation, and no right participant is accused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from repetitions import REPEAT
from saga_contracts.declare.calls import Poll
from saga_contracts.declare.saga import ProviderState, Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption
from saga_contracts.derive.decks import History
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.deviations import CATALOGUE, Deviation, possible_at
from saga_contracts.stand_in.right import Right
from saga_verifier.play import deck
from saga_verifier.verdicts import DeckResult
from stand_ins import not_shown, played

ROOT = Path(__file__).parents[2] / "contracts" / "sagas"
FOREIGN = Path(__file__).parents[1] / "foreign"
NAMES = ("vas_purchase", "user_registration", *(("shop_order",) if REPEAT > 1 else ()))
SAGAS = {name: load_saga(ROOT / name / "saga.yaml") for name in NAMES}
STEPS = [(name, step.step) for name, saga in SAGAS.items() for step in saga.steps]
RETRYING = ("applies-retryable", "retries-for-ever", "refuses-retryable")


def at_times_closed(saga: Saga) -> Saga:
    """Give a saga of one step that has to be tried again under a precondition."""
    step = saga.step("reserve_money")
    given = step.given.model_copy(update={"retryable": (ProviderState(state="the bank is closed"),)})
    return saga.model_copy(update={"steps": (step.model_copy(update={"given": given}),)})


SAGAS["at_times_closed"] = at_times_closed(SAGAS["vas_purchase"])
PLANTED = [
    (name, step, one.kind)
    for name, step in STEPS
    for one in possible_at(step_slice(SAGAS[name], step))
    if name == "vas_purchase" or one.kind not in ("late", "dribbles")  # they take time, and are the same at each step
]
PLANTED += [("at_times_closed", "reserve_money", kind) for kind in RETRYING]
SAGAS |= {name: load_saga(FOREIGN / name / "saga.yaml") for name in ("polling_transfers", "lookup_bookings")}
PLANTED += [("polling_transfers", "transfer", "never-ends"), ("lookup_bookings", "book_room", "finds-nothing")]
ALONE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "late": ({"timeout_ms": 200}, ("F",)),
    "dribbles": ({"timeout_ms": 200}, ("F",)),
    "never-calls-back": ({"callback_timeout_ms": 300}, ("F D", "F D C")),
    "works-on": ({}, ("F C",)),
    "never-ends": ({"poll": Poll(interval_ms=20, timeout_ms=300)}, ("F D",)),
}
"""Deviations that need their time: with shorter time-outs, and only some histories."""


@pytest.fixture(autouse=True)
def waiting_shortly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Wait for work that was undone as long as a participant needs that does it at once."""
    if "works-on" not in request.node.name:
        monkeypatch.setattr(deck, "SHORTEST_WAIT_S", 0.2)


def broken_in(result: DeckResult) -> set[str]:
    return {one.obligation for history in result.histories for one in history.broken}


@pytest.mark.parametrize(("saga", "step"), STEPS)
def test_no_right_participant_is_accused(saga: str, step: str) -> None:
    slice_ = step_slice(SAGAS[saga], step)
    result = played([Right(slice_)], slice_)
    assert {one.name: one.text for one in result.histories if one.verdict != Verdict.KEPT} == {}
    assert {one for one, verdict in result.obligations.items() if verdict != Verdict.KEPT} == not_shown(slice_, result)


@pytest.mark.slow
@pytest.mark.parametrize(("saga", "step", "kind"), PLANTED)
def test_a_deviation_is_caught_by_its_obligation_where_the_file_shows_it(saga: str, step: str, kind: str) -> None:
    slice_, deviation = step_slice(SAGAS[saga], step), next(one for one in CATALOGUE if one.kind == kind)
    result = played([deviation.rules(changed(slice_, kind))], changed(slice_, kind), only=chosen(kind, slice_))
    if not deviation.seen(slice_):
        assert broken_in(result) == set()
        assert_not_vouched_for(deviation, slice_, result)
        return
    found = broken_in(result) - set(adoption.given_up(slice_))
    assert found
    assert found <= {deviation.obligation, *deviation.follow}
    assert result.verdict == Verdict.BROKEN


def assert_not_vouched_for(deviation: Deviation, slice_: StepSlice, result: DeckResult) -> None:
    """What is not shown is unproven, unless the level asks for no more than is at hand."""
    unproven = {one for one, verdict in result.obligations.items() if verdict == Verdict.UNPROVEN}
    assert (deviation.obligation in unproven) == (deviation.obligation in not_shown(slice_, result))


def changed(slice_: StepSlice, kind: str) -> StepSlice:
    changes, _ = ALONE.get(kind, ({}, ()))
    return slice_.model_copy(update={"step": slice_.step.model_copy(update=changes)})


def chosen(kind: str, slice_: StepSlice) -> Callable[[History], bool]:
    _, words = ALONE.get(kind, ({}, ()))
    if not words:
        return lambda _: True
    first = "F D" if slice_.step.callback is not None and words == ("F",) else words[0]
    return lambda history: history.word in (first, *words)


def test_every_deviation_is_tried_and_seen_at_some_step() -> None:
    seen = {
        kind for saga, step, kind in PLANTED for one in CATALOGUE if one.kind == kind and one.seen(step_slice(SAGAS[saga], step))
    }
    assert seen == {one.kind for one in CATALOGUE}
