"""Every known-bad orchestrator is caught by the invariant that speaks of its fault, and a right one is accused of nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from orchestrator_mutants import MUTANTS, NOT_YET, Mutant
from orchestrator_tables import PAGE, kill_table
from orchestrators import ORCHESTRATORS, Bed, bed
from repetitions import NIGHTLY

PLAYED = [one for one in MUTANTS if one.often or NIGHTLY]
BedOf = Callable[[str], Bed]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def bed_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedOf]:
    """The services of a saga but the orchestrator, of which each test starts its own."""
    beds = dict[str, Bed]()
    with ExitStack() as stack:

        def made(saga: str) -> Bed:
            if saga not in beds:
                beds[saga] = stack.enter_context(bed(saga, tmp_path_factory.mktemp("sagas")))
            return beds[saga]

        yield made


@pytest.mark.parametrize("saga", dict.fromkeys(one.saga for one in PLAYED))
def test_a_right_orchestrator_keeps_every_scenario_that_shows_a_fault(saga: str, bed_of: BedOf) -> None:
    scenarios = {one.shown.name: one.shown for one in PLAYED if one.saga == saga}

    records = bed_of(saga).play("", *scenarios.values())

    assert {record.name for record in records} == set(scenarios)
    assert {one.name: str(one.error or one.broken) for one in records if one.verdict != "kept"} == {}


@pytest.mark.parametrize("mutant", PLAYED, ids=lambda one: one.fault)
def test_a_fault_breaks_the_invariant_that_speaks_of_it(mutant: Mutant, bed_of: BedOf) -> None:
    records = bed_of(mutant.saga).play(mutant.fault, mutant.shown)

    broken = {finding.id for record in records for finding in record.broken}
    assert mutant.breaks <= broken, [str(record.error or record.findings) for record in records]


def test_every_fault_that_is_planted_stands_in_the_table() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ORCHESTRATORS / "plain").glob("*.py"))
    named = re.findall(r'FAULT (?:==|!=|in) ("[^"]+"|\([^)]+\))', text)
    planted = {fault for one in named for fault in re.findall(r'"([^"]+)"', one)}

    assert planted == {one.fault for one in MUTANTS} | set(NOT_YET)


def test_there_are_twenty_five_and_more() -> None:
    assert len(MUTANTS) >= 25


def test_the_page_of_known_bad_orchestrators_is_what_the_table_says() -> None:
    again = "write it again: PYTHONPATH=tests/support python tests/support/orchestrator_tables.py"

    assert PAGE.read_text(encoding="utf-8") == kill_table(), again
