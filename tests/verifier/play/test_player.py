"""The player accuses no good participant and catches each known-bad one by the right obligation."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.sagafile import parse_saga
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult
from small_participant import SAGA, running
from stand_ins import with_second_sagas

TODAY = dt.date(2026, 1, 1)


def verify(wrong: str = "", change: Callable[[StepSlice], StepSlice] = lambda one: one, states: str = "/_states") -> DeckResult:
    slice_ = change(step_slice(parse_saga(SAGA, "small.yaml"), "take"))
    with running(wrong) as url, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:
        driver = Driver(slice_, url, url + states if states else None, callbacks, http)
        return with_second_sagas(driver, play_deck(driver, decks.derive(slice_, 1), TODAY))


def changed(**changes: Any) -> Callable[[StepSlice], StepSlice]:
    return lambda one: one.model_copy(update={"step": one.step.model_copy(update=changes)})


def test_a_good_participant_keeps_its_whole_deck() -> None:
    result = verify()

    assert result.verdict == Verdict.KEPT
    assert {one for one, verdict in result.obligations.items() if verdict != Verdict.KEPT} == set()
    asked = {"O1", "O2", "O3", "O4", "O6", "O7", "O8", "O9", "O11", "O12", "O13", "O14", "O15", "O21", "O24", "O31", "O32", "O33"}
    assert set(result.obligations) == asked


@pytest.mark.parametrize(
    ("wrong", "obligation", "shortest"),
    [
        ("404 on null", "O8", "C"),
        ("forgets the null", "O8", "C"),
        ("applies twice", "O3", "F"),
        ("charges again", "O3", "F F"),
        ("re-validates", "O3", "F F"),
        ("new ticket", "O33", "F F"),
        ("ignores misuse", "O4", "F M"),
        ("skips the undoing", "O6", "F C"),
        ("gives back twice", "O7", "F C C"),
        ("applies after compensation", "O9", "C F"),
        ("applies after compensation", "O11", "F C F"),
        ("refuses to compensate", "O13", "R C"),
        ("status lies", "O14", "C"),
        ("status writes", "O15", "F"),
        ("drops the correlation", "O31", "C"),
        ("refused key applies later", "O32", "R F (improved)"),
    ],
)
def test_a_known_bad_participant_is_caught_by_its_obligation(wrong: str, obligation: str, shortest: str) -> None:
    result = verify(wrong)

    assert result.verdict == Verdict.BROKEN
    history = result.shortest(obligation)
    assert history is not None, {one.name: one.broken for one in result.histories if one.broken}
    assert history.name == shortest


@pytest.mark.parametrize(
    "wrong", [f"stalls once {when}" for when in ("in a call", "in a reading", "when it is asked first", "when it is asked again")]
)
def test_one_pause_of_the_machine_is_no_fault_of_the_participant(wrong: str) -> None:
    result = verify(wrong, changed(timeout_ms=400))

    assert result.verdict == Verdict.KEPT, {one.name: one.text for one in result.histories if one.verdict != Verdict.KEPT}


def test_a_reading_that_breaks_off_after_a_status_call_is_not_taken_for_a_change() -> None:
    result = verify("breaks off a reading")

    assert result.verdict == Verdict.UNPROVEN
    assert {one.obligation for history in result.histories for one in history.broken} == set()
    assert any("the effect cannot be read" in one.trouble for one in result.histories)


def test_without_a_probe_the_obligations_about_effects_are_unproven_not_kept() -> None:
    result = verify("skips the undoing", changed(probe=None))

    assert result.verdict == Verdict.UNPROVEN
    assert result.obligations["O6"] == Verdict.UNPROVEN
    assert result.obligations["O14"] == Verdict.KEPT


def test_a_saga_that_asks_for_no_probes_yet_is_kept_by_its_status_call_and_says_what_is_not_looked_at() -> None:
    result = verify(change=lambda one: one.model_copy(update={"level": 2}))

    assert result.verdict == Verdict.KEPT
    assert result.obligations["O6"] == Verdict.KEPT
    assert {"O10", "O16"} <= set(result.judgement.not_looked_at)


def test_at_level_one_replies_are_all_that_is_looked_at() -> None:
    result = verify("status lies", lambda one: one.model_copy(update={"level": 1}))

    assert result.verdict == Verdict.KEPT
    assert {"O2", "O6", "O12", "O14", "O15"} <= set(result.judgement.not_looked_at)
    assert "O14" not in result.obligations
    assert verify("404 on null", lambda one: one.model_copy(update={"level": 1})).obligations["O8"] == Verdict.BROKEN


def test_a_saga_that_asks_for_crash_and_race_is_not_called_kept_by_calls_in_sequence_alone() -> None:
    assert verify(change=lambda one: one.model_copy(update={"level": 4})).verdict == Verdict.UNPROVEN


def test_without_probe_and_status_nothing_is_called_kept() -> None:
    result = verify(change=changed(probe=None, status=None))

    assert result.verdict == Verdict.UNPROVEN


def test_a_precondition_that_is_not_there_makes_a_history_unproven_and_says_so() -> None:
    def poorer(one: StepSlice) -> StepSlice:
        assert one.step.probe is not None
        probe = one.step.probe.model_copy(update={"reads": one.step.probe.reads.model_copy(update={"before": {"left": 99}})})
        return changed(probe=probe)(one)

    result = verify(change=poorer)

    unproven = {one.name: one.trouble for one in result.histories if one.verdict == Verdict.UNPROVEN}
    assert {"F", "C", "F C", "F F"} <= set(unproven)
    assert 'the precondition is not there: the probe reads {"left": 3} instead of {"left": 99}' in unproven["F"]


def test_a_missing_state_change_address_is_an_error_with_its_mend() -> None:
    with pytest.raises(SagapactError, match=r"names no state-change address.*Add `states"):
        verify(states="")


def test_an_unknown_state_change_address_is_an_error_that_names_the_answer() -> None:
    with pytest.raises(SagapactError, match="answered 404"):
        verify(states="/elsewhere")


def waiving(*obligations: str) -> StepSlice:
    waivers = ", ".join(
        f'{{obligation: {one}, step: take, reason: legacy, person: ann, expires: "2026-01-01"}}' for one in obligations
    )
    return step_slice(parse_saga(f"{SAGA}waivers: [{waivers}]", "small.yaml"), "take")


def test_waived_obligations_do_not_break_the_deck_on_their_last_day() -> None:
    result = verify("404 on null", lambda _: waiving("O8", "O9"))

    assert result.verdict == Verdict.WAIVED
    assert (result.obligations["O8"], result.obligations["O9"]) == (Verdict.WAIVED, Verdict.WAIVED)
    assert dataclasses.replace(result, today=TODAY + dt.timedelta(days=1)).verdict == Verdict.BROKEN


def test_a_waiver_hides_its_own_obligation_and_no_other() -> None:
    result = verify("404 on null", lambda _: waiving("O8"))

    assert result.obligations["O8"] == Verdict.WAIVED
    assert result.obligations["O9"] == Verdict.BROKEN  # what is answered 404 is not remembered either
    assert result.verdict == Verdict.BROKEN


def test_a_waived_missing_header_hides_no_double_effect() -> None:
    result = verify("drops the correlation, gives back twice", lambda _: waiving("O31"))

    assert (result.obligations["O31"], result.obligations["O7"]) == (Verdict.WAIVED, Verdict.BROKEN)
    assert result.obligations["O3"] == Verdict.KEPT
