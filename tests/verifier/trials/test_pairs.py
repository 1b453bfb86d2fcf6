"""Two steps of one saga at one participant: who takes both for one, or undoes both at once, is named; nobody else is."""

import json
from pathlib import Path
from typing import Any

import pytest

import counter_of_two as desk
from counter_of_two import Desk, FinalDesk, definition, step
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, pairs
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import UsageError
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import parse_saga
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult, HistoryResult
from saga_verifier.verification import Again, Target, verify_pact
from saga_verifier.verification.pairing import with_pairs
from stand_ins import TODAY, AlreadyRunning, InThisProcess
from written_pacts import pact_of

IMPOSSIBLE = {"replies": {"done": {"status": 200}, "impossible": {"status": 423}}}
BESIDE = definition(step("seats"), step("meals"))
AFTER = definition(step("seats"), step("meals", after=["seats"]))


def final() -> dict[str, Any]:
    """A meal is never undone, and then the seat may not be undone either."""
    seats = step("seats")
    seats["compensate"] |= IMPOSSIBLE
    return definition(seats, step("meals", **{"class": "retriable", "after": ["seats"]}))


def tried(url: str, states: str, file: dict[str, Any], faults: int = 1) -> list[DeckResult]:
    """Play the decks of both steps, and then the pair."""
    saga = parse_saga(json.dumps(file), "journey.json")
    slices = [step_slice(saga, one.step) for one in saga.steps]
    with CallbackReceiver() as callbacks, bounded_client() as http:
        drivers = {f"{one.saga}/{one.step.step}": Driver(one, url, f"{url}{states}", callbacks, http) for one in slices}
        alone = [play_deck(driver, decks.derive(driver.slice, faults), TODAY) for driver in drivers.values()]
        results, troubles = with_pairs(alone, drivers, faults, TODAY, lambda _: None)
    assert troubles == []
    return results


def shown(results: list[DeckResult]) -> list[HistoryResult]:
    assert [one.name for one in results[0].histories if one.name.endswith("(pair)")] == []
    found = [one for one in results[1].histories if one.name.endswith("(pair)")]
    assert found, "no pair was played"
    return found


def broken(results: list[DeckResult]) -> dict[str, str]:
    return {one.name.removesuffix(" (pair)"): one.broken[0].obligation for one in shown(results) if one.broken}


@pytest.mark.parametrize(("file", "faults"), [(BESIDE, 1), (AFTER, 1), (final(), 1), (AFTER, 2)])
def test_who_tells_the_steps_apart_is_kept(file: dict[str, Any], faults: int) -> None:
    with desk.serving(Desk()) as url:
        results = tried(url, "/_states", file, faults)
    assert [(one.name, one.text) for one in shown(results) if one.verdict != Verdict.KEPT] == []


@pytest.mark.parametrize("file", [BESIDE, AFTER, final()])
def test_the_stub_of_the_file_keeps_its_pairs(file: dict[str, Any]) -> None:
    saga = parse_saga(json.dumps(file), "journey.json")
    with Serving([Right(step_slice(saga, one.step)) for one in saga.steps]) as serving:
        results = tried(serving.base_url, STATES, file)
    assert [(one.name, one.text) for one in shown(results) if one.verdict != Verdict.KEPT] == []


def test_who_knows_the_saga_only_is_named_in_the_pair_and_not_before() -> None:
    with desk.serving(Desk("knows the saga only")) as url:
        results = tried(url, "/_states", AFTER)
    assert {one.verdict for one in results[0].histories} == {Verdict.KEPT}
    found = broken(results)
    assert found["seats:F meals:F"] == "O1"
    assert results[1].verdict == Verdict.BROKEN


def test_who_undoes_both_steps_at_once_harms_the_other_one() -> None:
    for file in (BESIDE, AFTER):
        with desk.serving(Desk("undoes both")) as url:
            results = tried(url, "/_states", file)
        found = broken(results)
        assert found["seats:F meals:F meals:C"] == "O24"
        assert set(found.values()) == {"O24"}
        text = next(one.text for one in shown(results) if one.broken)
        assert "seats and meals" in text


def test_undoing_may_be_impossible_once_the_saga_is_over_and_only_then() -> None:
    with desk.serving(FinalDesk()) as url:
        results = tried(url, "/_states", final())
    assert "seats:F meals:F seats:C (pair)" in {one.name for one in shown(results)}
    assert [(one.name, one.text) for result in results for one in result.histories if one.verdict != Verdict.KEPT] == []
    with desk.serving(Desk("undoes never")) as url:
        [seats, _] = tried(url, "/_states", final())
    assert seats.obligations["O13"] == Verdict.BROKEN


def test_a_pair_is_derived_from_the_slices_of_a_pact_alone() -> None:
    saga = parse_saga(json.dumps(AFTER), "journey.json")
    slices = [step_slice(saga, one.step) for one in saga.steps]
    [deck] = pairs.in_pact(slices)
    assert deck == pairs.derive_pair(saga, "seats", "meals")
    assert list(pairs.in_pact(slices[:1])) == list(pairs.in_pact(slices[1:])) == []
    read = [type(one).model_validate(one.as_json()) for one in slices]
    assert list(pairs.in_pact(read)) == [deck]


def many(steps: int) -> list[StepSlice]:
    """Give the slices of a saga whose steps are all at one participant."""
    read = parse_saga(json.dumps(definition(*(step(f"seats{number}") for number in range(steps)))), "journey.json")
    return [step_slice(read, one.step) for one in read.steps]


@pytest.mark.parametrize(("steps", "faults", "played"), [(2, 2, 2), (2, 3, 2), (3, 2, 1), (5, 1, 1), (6, 1, 0), (6, 0, 0)])
def test_of_many_pairs_mixes_of_fewer_faults_are_played(steps: int, faults: int, played: int) -> None:
    slices = many(steps)

    assert {deck.faults for deck in pairs.in_pact(slices, faults)} == {played}
    assert len(list(pairs.in_pact(slices, 0))) == steps * (steps - 1) / 2


def test_the_pairs_of_one_second_step_are_derived_alone() -> None:
    slices = many(3)
    last = (slices[2].saga, slices[2].step.step)

    assert list(pairs.in_pact(slices, 1, last)) == [one for one in pairs.in_pact(slices, 1) if one.steps[1] == last[1]]


def test_a_mixed_history_is_played_again_by_its_name_with_that_of_each_step_alone(tmp_path: Path) -> None:
    pact = json.loads(pact_of(json.dumps(AFTER), "desk", tmp_path).read_text(encoding="utf-8"))
    with desk.serving(Desk("undoes both")) as url:
        target = Target("desk", AlreadyRunning(url), lambda: f"{url}/_states", InThisProcess())
        outcome = verify_pact(target, pact, faults=1, today=TODAY, again=Again("seats:f meals:F meals:C (pair)"))
    assert outcome.troubles == ()
    played = {deck.deck.step: {one.name: one.verdict for one in deck.histories} for deck in outcome.decks}
    mixed = {"F C": Verdict.KEPT, "seats:F meals:F meals:C (pair)": Verdict.BROKEN}
    assert played == {"seats": {"F": Verdict.KEPT}, "meals": mixed}


@pytest.mark.parametrize(("name", "steps"), [("seats:F meals:Q (pair)", ()), ("seats:F meals:F (pair)", ("journey/seats",))])
def test_a_mixed_history_that_is_not_there_is_told_with_those_that_are(name: str, steps: tuple[str, ...]) -> None:
    saga = parse_saga(json.dumps(AFTER), "journey.json")
    with pytest.raises(UsageError, match=r"There is .*seats:F meals:F"):
        Again(name, steps).check([step_slice(saga, one.step) for one in saga.steps], 1)
