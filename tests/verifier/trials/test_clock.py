"""A key is known as long as it is promised; who forgets it earlier is caught by O30, however the clock is moved."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lasting_participant
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import beneath
from saga_contracts.sagafile import parse_saga
from saga_verifier.trials.inside import clock as player
from small_participant import SAGA
from tried import Tried, Trying

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
moved = Trying(beneath.trials, player.play)
BY_START = {"keeps_s": 1000, "env": {"CLOCK_AHEAD_S": "{seconds}"}}
BY_CALL = {"keeps_s": 1000, "path": "/_clock"}


@pytest.fixture
def lasting(tmp_path: Path) -> Callable[[str, Any], Tried]:
    """Move the clock of the lasting participant."""

    def tried(wrong: str, clock: Any) -> Tried:
        program = [sys.executable, lasting_participant.__file__, "{port}", "{workdir}/stock.sqlite", wrong]
        return moved(tmp_path, program, TAKE, only=beneath.is_moved, more={"clock": clock} if clock else {})

    return tried


@pytest.mark.parametrize("clock", [BY_START, BY_CALL], ids=["at a start", "by a call"])
def test_who_knows_a_key_as_long_as_it_promises_is_kept_and_who_forgets_it_earlier_is_caught(
    clock: Any, lasting: Callable[[str, Any], Tried]
) -> None:
    kept, forgetful = lasting("forgets a key after 1000 s", clock), lasting("forgets a key after 800 s", clock)

    assert (kept.broken, kept.unproven) == ({}, {})
    assert {one.how for one in kept.results.values()} == {"the clock moved by 900 s of the 1000 s for which keys are kept"}
    assert forgetful.broken == dict.fromkeys(["F moved F", "C moved F", "F C moved F"], "O30")


def test_without_a_clock_it_is_said_that_nothing_is_decided(lasting: Callable[[str, Any], Tried]) -> None:
    tried = lasting("nothing", None)

    assert all(why.startswith("Not decidable here: time cannot be moved") for why in tried.inapplicable.values())
    assert len(tried.inapplicable) == 3
