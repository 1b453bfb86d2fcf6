"""Every mutant is caught by the obligation at fault, by the history of the table, and by nothing else."""

import re

import pytest

from mutants import STYLES, Mutant, is_played, mutants
from saga_verifier.play import deck
from zoo import ZOO, judged

MUTANTS = list(mutants())


@pytest.fixture(autouse=True)
def waiting_shortly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Wait for work that was undone as long as a participant needs that does it at once."""
    if "loads what was unloaded" not in request.node.name:
        monkeypatch.setattr(deck, "SHORTEST_WAIT_S", 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [one for one in MUTANTS if is_played(one.bad)], ids=lambda one: one.name)
def test_a_mutant_is_caught_by_the_obligation_at_fault(mutant: Mutant) -> None:
    is_shown = mutant.bad.trial is None
    results = judged(
        ZOO / mutant.style,
        mutant.slice,
        mutant.fault,
        histories=lambda one: is_shown and one.name == mutant.shown,
        tried=lambda one: one.kind == mutant.bad.trial and one.name == mutant.shown,
    )
    shown = [one for one in results if one.name == mutant.shown]
    assert [{each.obligation for each in one.broken} for one in shown] == [{mutant.bad.obligation}], shown
    assert [one.text for one in results if one.broken and one not in shown] == []


def test_every_fault_that_a_participant_can_have_stands_in_the_table() -> None:
    for style in STYLES:
        text = (ZOO / style / "participant.py").read_text(encoding="utf-8")
        planted = set(re.findall(r'"([a-z0-9][a-z0-9,]*(?: [a-z0-9,]+)+)"', text))
        assert planted == {one.fault for one in MUTANTS if one.style == style}
