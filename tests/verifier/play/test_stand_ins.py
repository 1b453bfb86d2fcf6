"""What a saga file promises can be kept: a participant made from it keeps every deck, and deviations planted in it are seen."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from random_sagas import sagas
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.deviations import CATALOGUE, Deviation, possible_at
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.right import Right
from saga_verifier.verdicts import DeckResult
from stand_ins import played

SAGAS = Path("contracts/sagas")
_QUICK = {"callback_timeout_ms": 1500, "timeout_ms": 5000}
_AS_SLOW_AS_DECLARED = ("late", "dribbles")


@cache
def slices_of(name: str) -> tuple[StepSlice, ...]:
    saga = load_saga(SAGAS / name / "saga.yaml")
    return tuple(step_slice(saga, step.step) for step in saga.steps)


SLICES = [one for name in ("vas_purchase", "shop_order", "user_registration") for one in slices_of(name)]


def quickly(slice_: StepSlice, **changed: int) -> StepSlice:
    """Give a slice whose silence does not take long to be heard."""
    return slice_.model_copy(update={"step": slice_.step.model_copy(update=_QUICK | changed)})


def broken_in(result: DeckResult) -> set[str]:
    return {broken.obligation for history in result.histories for broken in history.broken}


def wrong_in(result: DeckResult) -> dict[str, object]:
    kept = (Verdict.KEPT, Verdict.WAIVED)
    return {one.name: one.broken or one.trouble for one in result.histories if one.verdict not in kept}


@pytest.mark.parametrize("slice_", SLICES, ids=lambda one: f"{one.saga}-{one.step.step}")
def test_a_participant_made_from_the_file_keeps_the_deck_of_each_step_of_the_reference_sagas(slice_: StepSlice) -> None:
    result = played([Right(quickly(slice_))], quickly(slice_))

    assert wrong_in(result) == {}
    assert result.histories


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(sagas(most_steps=1))
def test_a_participant_made_from_any_accepted_file_breaks_nothing(saga: Saga) -> None:
    slice_ = quickly(step_slice(saga, saga.steps[0].step))
    assume(not any("meets the effects" in one for one in doubts([slice_])))

    result = played([Right(slice_)], slice_)

    assert not broken_in(result), wrong_in(result)
    assert not any(one.trouble for one in result.histories)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(sagas(most_steps=1), st.integers(0, 1000))
def test_a_deviation_planted_in_it_is_found_wherever_the_file_offers_to_see_it(saga: Saga, number: int) -> None:
    slice_ = quickly(step_slice(saga, saga.steps[0].step))
    assume(not any("meets the effects" in one for one in doubts([slice_])))
    possible = [one for one in possible_at(slice_) if one.kind not in _AS_SLOW_AS_DECLARED]
    deviation = possible[number % len(possible)]

    broken = broken_in(played([deviation.rules(slice_)], slice_))

    if deviation.seen(slice_):
        assert broken & {deviation.obligation, *deviation.follow}, deviation.kind
    else:
        assert not broken, deviation.kind


@pytest.mark.parametrize("deviation", CATALOGUE, ids=lambda one: one.kind)
def test_each_deviation_is_seen_at_a_step_of_the_reference_sagas(deviation: Deviation) -> None:
    offered = [one for one in SLICES if deviation.possible(one) and deviation.seen(one)]
    assert offered, "no step of the reference sagas shows it"
    slow = deviation.kind in _AS_SLOW_AS_DECLARED
    slice_ = quickly(offered[0], **({"timeout_ms": 300} if slow else {}))

    broken = broken_in(played([deviation.rules(slice_)], slice_))

    assert deviation.obligation in broken
