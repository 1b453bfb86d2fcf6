"""The pages of mutants and obligations are what the code says, and no obligation is without a row."""

import pytest

from mutants import BAD, is_played, mutants
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.derive.adoption import SHOWN_BY
from zoo_tables import MUTANTS, NOT_HERE, OBLIGATIONS, kill_table, kinds_that_check, obligation_table

AGAIN = "write it again: python tests/support/zoo_tables.py"


def test_the_page_of_the_mutants_is_what_the_table_says() -> None:
    assert MUTANTS.read_text(encoding="utf-8") == kill_table(), AGAIN


def test_the_page_of_the_obligations_is_what_the_code_says() -> None:
    assert OBLIGATIONS.read_text(encoding="utf-8") == obligation_table(), AGAIN


@pytest.mark.parametrize("obligation", [one for one in CATALOGUE if one.startswith("O")])
def test_an_obligation_is_decided_and_shown_by_a_mutant_or_said_to_belong_elsewhere(obligation: str) -> None:
    shown = [bad for bad in BAD if bad.obligation == obligation and is_played(bad)]
    assert bool(shown) != (obligation in NOT_HERE)
    assert obligation in SHOWN_BY or obligation in NOT_HERE or kinds_that_check(obligation)


def test_there_are_sixty_mutants_and_more() -> None:
    assert len([one for one in mutants() if is_played(one.bad)]) >= 60
