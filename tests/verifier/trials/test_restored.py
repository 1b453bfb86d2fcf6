"""Over a restored database, who says that the effect is gone and applies again is kept; who still knows the key breaks O17."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lasting_participant
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import beneath
from saga_contracts.sagafile import parse_saga
from saga_verifier.trials.inside import restored as player
from small_participant import SAGA
from tried import Tried, Trying

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
restored = Trying(beneath.trials, player.play)


@pytest.fixture
def lasting(tmp_path: Path) -> Callable[..., Tried]:
    """Restore the database of the lasting participant."""

    def tried(wrong: str, database: str = "sqlite:///{workdir}/stock.sqlite") -> Tried:
        program = [sys.executable, lasting_participant.__file__, "{port}", "{workdir}/stock.sqlite", wrong]
        more: dict[str, Any] = {"database": database} if database else {}
        return restored(tmp_path, program, TAKE, only=beneath.is_restored, more=more)

    return tried


def test_who_has_all_it_knows_in_its_database_says_that_it_is_gone_and_applies_again(lasting: Callable[..., Tried]) -> None:
    tried = lasting("nothing")

    assert (tried.broken, tried.unproven, tried.inapplicable) == ({}, {}, {})
    assert set(tried.results) == {"F restored F"}


def test_who_knows_the_key_from_elsewhere_and_does_not_apply_again_is_caught(lasting: Callable[..., Tried]) -> None:
    tried = lasting("keys elsewhere")

    assert tried.broken == {"F restored F": "O17"}
    assert "before the first call the status call says 200" in tried.results["F restored F"].text


def test_without_a_database_that_can_be_restored_it_is_said_that_nothing_is_decided(lasting: Callable[..., Tried]) -> None:
    assert lasting("nothing", "").inapplicable["F restored F"].startswith("Not decidable here")
    assert lasting("nothing", "postgresql://127.0.0.1/x").inapplicable["F restored F"].startswith("Not decidable here")


def test_a_database_that_is_not_where_it_is_said_to_be_is_told(lasting: Callable[..., Tried]) -> None:
    assert "there is no file other.sqlite" in lasting("nothing", "sqlite:///{workdir}/other.sqlite").unproven["F restored F"]
