"""Verdicts of histories, decks and pacts add up without ever calling something kept that was not shown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare.verdict import Verdict, exit_status, worst
from saga_contracts.derive import decks
from saga_contracts.derive.adoption import Evidence
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_verifier.verdicts import Broken, DeckResult, HistoryResult, InteractionOutcome, PactOutcome
from small_participant import SAGA


def deck() -> decks.Deck:
    return decks.derive(step_slice(parse_saga(SAGA, "small.yaml"), "take"), 1)


ALL = frozenset({Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT})


def history(name: str, *checks: str, broken: tuple[str, ...] = (), trouble: str = "") -> HistoryResult:
    verdict = Verdict.BROKEN if broken else Verdict.UNPROVEN if trouble else Verdict.KEPT
    return HistoryResult(name, verdict, checks, tuple(Broken(one, "because") for one in broken), ALL, (), trouble)


def result(*histories: HistoryResult) -> DeckResult:
    slice_ = step_slice(parse_saga(SAGA, "small.yaml"), "take")
    return DeckResult(deck(), slice_, histories, date(2026, 1, 1))


def test_nothing_checked_is_unproven() -> None:
    assert worst([]) == Verdict.UNPROVEN


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1))
def test_one_broken_part_breaks_the_whole(parts: list[Verdict]) -> None:
    assert (worst(parts) == Verdict.BROKEN) == (Verdict.BROKEN in parts)


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1))
def test_the_whole_is_kept_only_if_every_part_is_good(parts: list[Verdict]) -> None:
    good = {Verdict.KEPT, Verdict.WAIVED, Verdict.NOT_APPLICABLE}

    assert (exit_status(worst(parts)) == 0) == (set(parts) <= good)


def test_an_obligation_is_broken_by_one_history_although_another_keeps_it() -> None:
    found = result(history("F C", "O6"), history("F F C", "O6", broken=("O6",)))

    assert found.obligations["O6"] == Verdict.BROKEN
    assert found.shortest("O6") == found.histories[1]


def test_an_obligation_that_only_histories_in_trouble_check_is_unproven() -> None:
    assert result(history("F C", "O6", trouble="no precondition")).obligations["O6"] == Verdict.UNPROVEN


def test_a_broken_history_of_a_pending_pact_is_pending() -> None:
    decks_ = (result(history("C", "O8", broken=("O8",))),)

    assert PactOutcome("shop", "stock", True, (), decks_).verdict == Verdict.PENDING
    assert PactOutcome("shop", "stock", False, (), decks_).verdict == Verdict.BROKEN


def test_a_broken_interaction_breaks_the_pact_although_its_decks_are_kept() -> None:
    interactions = (InteractionOutcome("a", "a", Verdict.BROKEN),)

    assert PactOutcome("shop", "stock", False, interactions, ()).verdict == Verdict.BROKEN


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.KEPT, 0),
        (Verdict.WAIVED, 0),
        (Verdict.NOT_APPLICABLE, 0),
        (Verdict.BROKEN, 1),
        (Verdict.UNPROVEN, 3),
        (Verdict.PENDING, 3),
    ],
)
def test_each_verdict_has_its_exit_status(verdict: Verdict, status: int) -> None:
    assert exit_status(verdict) == status


def test_a_history_is_published_with_all_that_a_gate_needs_to_judge_it_anew() -> None:
    one = HistoryResult(
        "C", Verdict.BROKEN, ("O8", "O13"), (Broken("O8", "answered 404"),), ALL, ("O13",), "", ({"letter": "C"},)
    )

    assert one.as_json() == {
        "word": "C",
        "verdict": "broken",
        "obligations": ["O8", "O13"],
        "broken": [{"obligation": "O8", "text": "answered 404"}],
        "seen": ["effect", "reply", "status"],
        "unseen": ["O13"],
        "trouble": "",
        "text": "answered 404",
        "calls": [{"letter": "C"}],
    }
