"""What all results of a step's deck say together, on a day: worked out from histories, never believed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from saga_broker.gate.run.decks import Asked, Work, state_of
from saga_broker.gate.run.model import DeckState, DeckWord, Run
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.model import DERIVATION
from saga_contracts.derive.slices import StepSlice
from saga_evidence import breaks, deck_result, everything_played, old_form, slice_of
from small_sagas import saga, step, waiver

TODAY = date(2026, 5, 4)
Make = Callable[..., Run]
SLICE = slice_of(saga(step()), "pay")


def run(at: int = 0, slice_: StepSlice = SLICE, faults: int = 1, *changes: Any, **fields: Any) -> Run:
    """Make a result as it is stored; `at` is the hour in which it came, and its id."""
    body = deck_result(slice_, faults, *changes, **fields)
    moment = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=at)
    told = (body["derivation"], body["faults"], body["verdict"], body["obligations"], body["histories"])
    return Run(at, moment, *told)


def broken(at: int = 0, faults: int = 1, **fields: Any) -> Run:
    return run(at, SLICE, faults, breaks("O8", "C"), verdict="broken", **fields)


def ask(*runs: Run, slice_: StepSlice = SLICE, wanted: int = 1, today: date = TODAY) -> DeckState:
    return state_of(Asked(slice_, slice_.sha, wanted, today), runs)


def test_a_deck_that_was_played_whole_is_kept() -> None:
    state = ask(run())
    assert state.word == DeckWord.KEPT
    (judged,) = state.runs
    assert judged.judgement is not None
    assert set(judged.judgement.obligations.values()) == {Verdict.KEPT}


def test_no_result_is_missing() -> None:
    assert ask().word == DeckWord.MISSING


@pytest.mark.parametrize("said", ["kept", "waived", "unproven", "broken"])
def test_what_the_verifier_concluded_decides_nothing(said: str) -> None:
    assert ask(run(0, SLICE, 1, breaks("O8", "C"), verdict=said)).word == DeckWord.BROKEN
    assert ask(run(verdict=said)).word == DeckWord.KEPT


def test_obligations_as_published_decide_nothing() -> None:
    assert ask(run(obligations={"O8": "broken"})).word == DeckWord.KEPT
    assert ask(run(0, SLICE, 1, breaks("O8", "C"), obligations={"O8": "kept"})).word == DeckWord.BROKEN


@pytest.mark.parametrize(
    ("runs", "wanted", "word"),
    [
        ([run(0, faults=2), broken(1)], 1, DeckWord.BROKEN),
        ([broken(0, faults=2), run(1)], 1, DeckWord.BROKEN),
        ([broken(0, faults=2), run(1), run(2)], 1, DeckWord.BROKEN),
        ([broken(0, faults=2), run(1, faults=2)], 1, DeckWord.KEPT),
        ([broken(0), run(1, faults=2)], 1, DeckWord.KEPT),
        ([broken(0), run(1)], 1, DeckWord.KEPT),
        ([run(0), broken(1)], 1, DeckWord.BROKEN),
        ([broken(0, faults=2), run(1, faults=2), broken(2)], 1, DeckWord.BROKEN),
        ([broken(0, faults=2), run(1, faults=1), run(2, faults=3)], 2, DeckWord.KEPT),
        ([broken(0, faults=9000), run(1, faults=4)], 1, DeckWord.KEPT),
        ([run(0, faults=2), run(1, faults=1)], 2, DeckWord.KEPT),
        ([run(0)], 2, DeckWord.TOO_WEAK),
        ([run(0, faults=0)], 1, DeckWord.TOO_WEAK),
    ],
)
def test_broken_stands_until_a_newer_run_of_at_least_the_same_strength_is_not(
    runs: list[Run], wanted: int, word: DeckWord
) -> None:
    assert ask(*runs, wanted=wanted).word == word
    assert ask(*reversed(runs), wanted=wanted).word == word


def test_the_order_is_that_of_time_and_then_of_ids() -> None:
    first, second = broken(1), run(1)
    late = Run(0, first.at + timedelta(hours=1), *_rest(second))
    same = Run(2, first.at, *_rest(second))
    assert ask(first, late).word == DeckWord.KEPT
    assert ask(first, same).word == DeckWord.KEPT
    assert ask(Run(3, first.at, *_rest(first)), same).word == DeckWord.BROKEN


@pytest.mark.parametrize("derivation", [DERIVATION - 1, DERIVATION + 1, 9999])
def test_the_deck_of_another_derivation_can_only_be_a_no(derivation: int) -> None:
    assert ask(run(derivation=derivation)).word == DeckWord.OUTDATED
    assert ask(run(0, SLICE, 1, breaks("O8", "C"), derivation=derivation)).word == DeckWord.BROKEN
    assert ask(broken(0), run(1, derivation=derivation)).word == DeckWord.BROKEN
    assert ask(run(0), run(1, derivation=derivation)).word == DeckWord.KEPT


def test_a_result_that_does_not_say_what_was_seen_can_only_be_a_no() -> None:
    assert ask(run(0, SLICE, 1, old_form)).word == DeckWord.OUTDATED
    assert ask(run(0, SLICE, 1, old_form, verdict="broken")).word == DeckWord.BROKEN
    assert ask(run(0, SLICE, 1, breaks("O8", "C"), old_form)).word == DeckWord.BROKEN
    assert ask(run(0, SLICE, 1, old_form, obligations={"O8": "broken"})).word == DeckWord.BROKEN
    assert ask(run(0, SLICE, 1, old_form, verdict="waived", obligations={"O8": "waived"})).word == DeckWord.OUTDATED
    assert ask(broken(0), run(1, SLICE, 1, old_form)).word == DeckWord.BROKEN
    assert ask(run(0), run(1, SLICE, 1, old_form)).word == DeckWord.KEPT


def test_a_deck_that_lacks_a_history_proves_nothing_and_takes_nothing_back() -> None:
    state = ask(run(lacks=("C F", "C")))
    assert (state.word, set(state.absent)) == (DeckWord.INCOMPLETE, {"C", "C F"})
    assert ask(broken(0), run(1, lacks=("C F",))).word == DeckWord.BROKEN
    assert ask(run(0), run(1, lacks=("C F",))).word == DeckWord.KEPT
    assert ask(broken(0, faults=2), run(1), run(2, faults=2, lacks=("C",))).word == (DeckWord.BROKEN)


def test_a_result_does_not_become_stronger_by_saying_so() -> None:
    weak = deck_result(SLICE, 1)["histories"]
    state = ask(run(0, faults=2, histories=weak), wanted=2)
    assert state.word == DeckWord.INCOMPLETE
    assert len(state.absent) == len(everything_played(SLICE, 2)) - len(weak)
    assert ask(broken(0, faults=2), run(1, faults=2, histories=weak)).word == DeckWord.BROKEN


def test_a_history_outside_of_the_deck_counts_when_it_is_broken_and_proves_nothing_else() -> None:
    strange = {"word": "C C C C C", "verdict": "kept", "obligations": ["O6"], "seen": ["reply", "status", "effect"]}
    histories = deck_result(SLICE, 1)["histories"]
    for history in histories:
        history["obligations"].remove("O6") if "O6" in history["obligations"] else None
    assert ask(run(histories=[*histories, strange])).word == DeckWord.UNPROVEN
    bad = {**strange, "verdict": "broken", "broken": [{"obligation": "O7"}]}
    assert ask(run(histories=[*deck_result(SLICE, 1)["histories"], bad])).word == DeckWord.BROKEN


def test_a_history_checks_no_more_than_the_deck_says() -> None:
    def claim(history: dict[str, Any]) -> None:
        history["obligations"] = ["O6"] if history["word"] == "F" else [one for one in history["obligations"] if one != "O6"]

    state = ask(run(0, SLICE, 1, claim))
    assert state.word == DeckWord.UNPROVEN
    assert state.runs[0].judgement is not None
    assert state.runs[0].judgement.obligations["O6"] == Verdict.UNPROVEN


@pytest.mark.parametrize("evidence", ["status", "effect"])
def test_nobody_sees_what_the_step_does_not_declare(evidence: str) -> None:
    slice_ = slice_of(saga(step(status=evidence != "status", probe=evidence != "effect")), "pay")
    assert ask(run(0, slice_), slice_=slice_).word == DeckWord.UNPROVEN


def test_what_was_not_seen_is_unproven() -> None:
    def blind(history: dict[str, Any]) -> None:
        history["seen"] = ["reply", "status"]

    assert ask(run(0, SLICE, 1, blind)).word == DeckWord.UNPROVEN
    lower = slice_of(saga(step(), level=2), "pay")
    assert ask(run(0, lower, 1, blind), slice_=lower).word == DeckWord.KEPT


def test_a_history_that_could_not_be_judged_is_unproven_and_takes_nothing_back() -> None:
    def trouble(history: dict[str, Any]) -> None:
        if history["word"] == "C":
            history["trouble"] = "the participant did not start"

    assert ask(run(0, SLICE, 1, trouble)).word == DeckWord.UNPROVEN
    assert ask(broken(0), run(1, SLICE, 1, trouble)).word == DeckWord.BROKEN
    assert ask(run(0), run(1, SLICE, 1, trouble)).word == DeckWord.UNPROVEN


def test_a_history_that_is_called_broken_but_names_nothing_is_no_proof() -> None:
    def nameless(history: dict[str, Any]) -> None:
        history["verdict"] = "broken"

    assert ask(run(0, SLICE, 1, nameless)).word == DeckWord.UNPROVEN


def test_a_waiver_holds_to_the_end_of_its_day_and_hides_its_own_obligation_only() -> None:
    slice_ = slice_of(saga(step(), waivers=[waiver("O8", expires="2026-05-04")]), "pay")
    waived = run(0, slice_, 1, breaks("O8"), verdict="waived")
    other = run(0, slice_, 1, breaks("O9"), verdict="waived")
    assert ask(waived, slice_=slice_, today=date(2026, 5, 4)).word == DeckWord.KEPT
    assert ask(waived, slice_=slice_, today=date(2026, 5, 5)).word == DeckWord.BROKEN
    assert ask(other, slice_=slice_, today=date(2026, 5, 4)).word == DeckWord.BROKEN


def test_pending_is_unknown_and_takes_nothing_back() -> None:
    pending = run(1, SLICE, 1, breaks("O8", "C"), verdict="pending")
    assert ask(pending).word == DeckWord.PENDING
    assert ask(run(1, verdict="pending")).word == DeckWord.PENDING
    assert ask(broken(0), pending).word == DeckWord.BROKEN
    assert ask(broken(0), run(1, verdict="pending")).word == DeckWord.BROKEN
    assert ask(run(1, SLICE, 2, breaks("O8", "C"), verdict="pending"), run(2)).word == DeckWord.PENDING
    assert ask(pending, run(2)).word == DeckWord.KEPT


def test_a_step_without_a_key_is_broken_as_declared_unless_that_is_waived() -> None:
    bare = step(key="none")
    slice_ = slice_of(saga(bare), "pay")
    assert ask(run(0, slice_), slice_=slice_).word == DeckWord.BROKEN
    every = [waiver(one) for one in ("O3", "O4", "O7", "O8", "O9", "O11", "O32")]
    waived = slice_of(saga(bare, waivers=every), "pay")
    assert ask(run(0, waived), slice_=waived).word in (DeckWord.KEPT, DeckWord.UNPROVEN)
    some = slice_of(saga(bare, waivers=every[:-1]), "pay")
    assert ask(run(0, some), slice_=some).word == DeckWord.BROKEN


def test_a_deck_that_is_too_large_to_be_derived_proves_nothing_and_broken_stays_broken() -> None:
    many = slice_of(saga(step(tries=10)), "pay")
    assert ask(run(0, many), slice_=many, wanted=4).word == DeckWord.TOO_LARGE
    assert ask(run(0, many, 1, breaks("O8", "C")), slice_=many, wanted=4).word == DeckWord.BROKEN
    assert ask(run(0, many), slice_=many, wanted=1).word == DeckWord.KEPT
    assert ask(slice_=many, wanted=4).word == DeckWord.MISSING


def test_a_question_has_so_much_work_and_no_more() -> None:
    work = Work(most=5)
    assert [work.allows(SLICE, sha, 1) for sha in ("a", "b", "c", "a", "b")] == [True, True, False, True, True]
    none = Asked(SLICE, SLICE.sha, 1, TODAY, Work(most=0))
    assert state_of(none, [run()]).word == DeckWord.TOO_LARGE
    assert state_of(none, [broken(0), run(1)]).word == DeckWord.BROKEN


def _rest(one: Run) -> tuple[Any, ...]:
    return one.derivation, one.faults, one.verdict, one.obligations, one.histories
