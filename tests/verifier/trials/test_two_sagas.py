"""Two sagas on one resource: who keeps, frees and spares as declared is kept; who does not is named by its obligation."""

import json
from typing import Any

import pytest

import shelf
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, trials
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import parse_saga
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.trials import play_two_sagas
from saga_verifier.verdicts import DeckResult
from shelf import Shelf, definition
from stand_ins import TODAY

LOCK: dict[str, Any] = {"conflict": "refused"}
BUSY: dict[str, Any] = {"conflict": "retryable"}
TRY_AGAIN = (503, {"error": "busy"})


def tried(file: dict[str, Any], participant: Shelf) -> DeckResult:
    """Play the deck of the first step and its trials of two sagas."""
    saga = parse_saga(json.dumps(file), "sale.json")
    slices = {step.step: step_slice(saga, step.step) for step in saga.steps}
    with shelf.serving(participant) as url, CallbackReceiver() as callbacks, bounded_client() as http:
        drivers = {name: Driver(one, url, f"{url}/_states", callbacks, http) for name, one in slices.items()}
        return both(drivers["reserve"], drivers)


def both(driver: Driver, others: dict[str, Driver]) -> DeckResult:
    deck = decks.derive(driver.slice, 1)
    alone = play_deck(driver, deck, TODAY)
    assert [(one.name, one.text) for one in alone.histories if one.verdict != Verdict.KEPT] == []
    plain = {one.name: one for one in alone.histories}
    two = tuple(play_two_sagas(driver, trials.derive(driver.slice, deck), plain, TODAY, others))
    return DeckResult(deck, driver.slice, (*alone.histories, *two), TODAY)


def broken(result: DeckResult) -> dict[str, str]:
    return {one.name.removesuffix(" (two sagas)"): one.broken[0].obligation for one in result.histories if one.broken}


@pytest.mark.parametrize(
    ("file", "participant"),
    [
        (definition(LOCK), Shelf()),
        (definition(LOCK), Shelf(locks=False)),  # the goods are used up, which is as good
        (definition(LOCK, enough_for_two=4), Shelf()),
        (definition(LOCK, enough_for_two=4, ships=True) , Shelf()),
        (definition(BUSY, enough_for_two=4), Shelf(busy=TRY_AGAIN)),
        (definition(BUSY), Shelf(busy=TRY_AGAIN)),
        (definition(None), Shelf(locks=False)),
        (definition(None, enough_for_two=4), Shelf(locks=False)),
    ],
)  # fmt: skip
def test_a_right_participant_is_kept(file: dict[str, Any], participant: Shelf) -> None:
    result = tried(file, participant)
    assert [(one.name, one.text) for one in result.histories if one.verdict != Verdict.KEPT] == []
    assert result.verdict == Verdict.KEPT
    wanted = {"O22", "O23", "O24"} if "semantic_lock" in file["steps"][0] else {"O24"}
    assert wanted <= result.obligations.keys()


@pytest.mark.parametrize(
    ("file", "participant", "name", "obligation"),
    [
        (definition(LOCK, enough_for_two=4), Shelf(wrong="keeps nothing"), "F R2", "O22"),
        (definition(BUSY), Shelf(busy=TRY_AGAIN, wrong="keeps nothing"), "F T2", "O22"),
        (definition(LOCK), Shelf(wrong="never frees"), "F C F2", "O23"),
        (definition(BUSY), Shelf(busy=TRY_AGAIN, wrong="never frees"), "F C F2", "O23"),
        (definition(LOCK), Shelf(wrong="keeps for the refused"), "F R2 C F3", "O2"),
        (definition(LOCK, enough_for_two=4), Shelf(wrong="frees by any undo"), "F R2 C2 R3", "O24"),
        (definition(LOCK), Shelf(wrong="undoes by the goods"), "F R2 C2 R3", "O24"),
        (definition(None), Shelf(locks=False, wrong="restores a snapshot"), "F F2 C (one sku)", "O24"),
        (definition(None), Shelf(locks=False, wrong="undoes by the goods"), "F F2 C (one sku)", "O24"),
        (definition(None, enough_for_two=4), Shelf(locks=False, wrong="restores a snapshot"), "F F2 C C2 (one sku)", "O24"),
    ],
)
def test_who_harms_a_second_saga_is_named_by_its_obligation(
    file: dict[str, Any], participant: Shelf, name: str, obligation: str
) -> None:
    result = tried(file, participant)
    found = broken(result)
    assert found.get(name) == obligation
    assert set(found.values()) == {obligation}
    assert result.obligations[obligation] == Verdict.BROKEN


def test_a_lock_is_free_once_the_step_was_called_that_ends_the_saga() -> None:
    file = definition({**LOCK, "released_by": "ship"}, enough_for_two=4, ships=True)
    assert broken(tried(file, Shelf())) == {}
    assert broken(tried(file, Shelf(wrong="never frees at the end"))) == {"F E F2": "O23"}


def test_a_participant_whose_states_take_all_back_is_not_accused_and_told_what_to_declare() -> None:
    result = tried(definition(None), Shelf(locks=False, wrong="states take all back"))
    assert broken(result) == {}
    shown = {one.name: one.inapplicable for one in result.histories if one.inapplicable}
    assert "F F2 C (one sku) (two sagas)" in shown
    assert "Declare `given.enough_for_two`" in next(iter(shown.values()))
    assert result.verdict == Verdict.KEPT


def test_who_deviates_with_one_saga_already_is_not_accused_by_two() -> None:
    slice_ = step_slice(parse_saga(json.dumps(definition(LOCK)), "sale.json"), "reserve")
    with shelf.serving(Shelf(wrong="never frees")) as url, CallbackReceiver() as callbacks, bounded_client() as http:
        driver = Driver(slice_, url, f"{url}/_states", callbacks, http)
        deck = decks.derive(slice_, 1)
        alone = {one.name: one for one in play_deck(driver, deck, TODAY).histories}
        alone["F C"] = alone["F"].__class__("F C", Verdict.UNPROVEN, (), trouble="the probe was gone")
        two = {one.name: one for one in play_two_sagas(driver, trials.derive(slice_, deck), alone, TODAY)}
    assert two["F C F2 (two sagas)"].verdict == Verdict.UNPROVEN
    assert "F C of one saga alone is not kept" in two["F C F2 (two sagas)"].trouble


def names(slice_: StepSlice) -> list[str]:
    return [one.name.removesuffix(" (two sagas)") for one in trials.derive(slice_, decks.derive(slice_, 1))]


def test_at_level_1_no_second_saga_comes_and_nothing_is_asked_of_it() -> None:
    file = definition(LOCK)
    result = tried({**file, "level": 1}, Shelf(wrong="never frees"))
    assert not {"O22", "O23", "O24"} & result.obligations.keys()
    assert "F C F2 (two sagas)" not in {one.name for one in result.histories}


def test_the_end_of_a_saga_that_the_participant_cannot_see_is_not_played() -> None:
    slice_ = step_slice(parse_saga(json.dumps(definition(LOCK)), "sale.json"), "reserve")
    assert [one for one in names(slice_) if "E" in one] == []
