"""Two calls of one key that overlap: who looks before it writes is caught, nobody else is, and what was sampled is told."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import racing_participant
import small_participant
from foreign import need
from postgres import cluster_of
from repetitions import NIGHTLY, REPEAT
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import Trial, race
from saga_contracts.sagafile import parse_saga
from saga_verifier.trials import race as player
from small_participant import SAGA
from tried import Tried, Trying

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
NODE = Path(__file__).parent / "stock_between_awaits.mjs"
ALL = {"F | F": "O5", "F | C": "O10", "F C | C": "O7"}
FILE = "sqlite:///{workdir}/stock.sqlite"
raced = Trying(race.trials, player.play)

Racing = Callable[..., Tried]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest) -> str:
    """Where the participant keeps its rows."""
    return FILE if request.param == "sqlite" else cluster_of(request.config).database("race")


@pytest.fixture
def racing(tmp_path: Path) -> Racing:
    """Race the calls of a participant on a database, right or wrong in one way."""

    def tried(how: str, address: str = FILE, only: Callable[[Trial], bool] = lambda _: True, *, named: bool = True) -> Tried:
        database = address.removeprefix("sqlite:///")
        program = [sys.executable, racing_participant.__file__, "{port}", database, how]
        return raced(tmp_path, program, TAKE, only=only, more={"database": address} if named else {})

    return tried


@pytest.mark.parametrize(
    ("wrong", "broken"),
    [
        ("looks before it writes", ALL),
        ("keys in memory", ALL),
        ("waits between", ALL),
        ("undoes what it has not seen", {"F | C": "O10"}),
        ("gives back twice", {"F C | C": "O7"}),
    ],
)
def test_a_lock_of_its_database_shows_for_certain_who_looks_before_it_writes(
    racing: Racing, address: str, wrong: str, broken: dict[str, str]
) -> None:
    tried = racing(wrong, address, lambda trial: trial.name in broken)

    assert tried.broken == broken
    assert all("at a lock of the database" in one.how for one in tried.results.values())


@pytest.mark.parametrize("how", ["a unique key", "locks the row"])
def test_who_relies_on_its_database_keeps_all(racing: Racing, address: str, how: str) -> None:
    tried = racing(how, address)

    assert (tried.broken, tried.unproven) == ({}, {})
    assert {name: one.checks for name, one in tried.results.items()} == {
        "F | F": ("O5",),
        "F | C": ("O10",),
        "F C | C": ("O7", "O10"),
    }
    assert all("it held up both calls in 4" in one.how for one in tried.results.values())


def test_one_pause_of_the_machine_after_a_race_is_no_fault_of_the_participant(tmp_path: Path) -> None:
    hurried = TAKE.model_copy(update={"step": TAKE.step.model_copy(update={"timeout_ms": 500})})
    program = [sys.executable, racing_participant.__file__, "{port}", FILE.removeprefix("sqlite:///"), "pauses once"]

    tried = raced(tmp_path, program, hurried, only=lambda trial: trial.name == "F | F")

    assert (tried.broken, tried.unproven) == ({}, {})


@pytest.mark.parametrize("how", ["one at a time", "says try again"])
def test_who_takes_one_after_the_other_or_says_try_again_keeps_all(racing: Racing, how: str) -> None:
    tried = racing(how, only=lambda trial: trial.name == "F | F", named=False)

    assert (tried.broken, tried.unproven) == ({}, {})


def test_what_was_sampled_is_told_with_its_seed_and_window(racing: Racing) -> None:
    (result,) = racing("a unique key", only=lambda trial: trial.name == "F | C", named=False).results.values()

    told = re.fullmatch(
        r"(\d+) tries, of which (\d+) overlapped, no barrier: the provider file names no `database`, seed 0, window (\S+) ms",
        result.how,
    )
    assert told is not None
    assert int(told[1]) >= int(told[2]) > 0
    assert float(told[3]) > 0


def test_what_failed_is_told_with_its_try_and_its_calls(racing: Racing) -> None:
    (result,) = racing("looks before it writes", only=lambda trial: trial.name == "F C | C").results.values()

    assert result.verdict == Verdict.BROKEN
    assert "in try 1 (one after the other to a lock of its database)" in result.text
    assert [call["letter"] for call in result.calls if call["letter"] in "FC"] == ["F", "C", "C"]


def test_a_database_that_is_not_there_is_told_and_the_race_is_sampled(tmp_path: Path) -> None:
    program = [sys.executable, racing_participant.__file__, "{port}", "{workdir}/stock.sqlite", "a unique key"]
    more = {"database": "sqlite:///{workdir}/other.sqlite"}

    (result,) = raced(tmp_path, program, TAKE, only=lambda trial: trial.name == "F | F", more=more).results.values()

    assert result.verdict == Verdict.KEPT
    assert "no barrier: unable to open database file" in result.how


def test_a_race_of_what_is_broken_one_after_the_other_accuses_nobody(tmp_path: Path) -> None:
    program = [sys.executable, small_participant.__file__, "{port}", "charges again"]
    (result,) = raced(tmp_path, program, TAKE, only=lambda trial: trial.name == "F | F").results.values()

    assert result.verdict == Verdict.UNPROVEN
    assert "F F is broken without any overlap" in result.trouble


def test_a_node_service_that_waits_between_looking_and_writing_is_caught(tmp_path: Path) -> None:
    need("node")
    tried = raced(tmp_path, ["node", str(NODE), "{port}"], TAKE)

    assert tried.broken == ALL


def test_a_node_service_that_remembers_what_is_under_way_keeps_all(tmp_path: Path) -> None:
    need("node")
    tried = raced(tmp_path, ["node", str(NODE), "{port}", "right"], TAKE)

    assert (tried.broken, tried.unproven) == ({}, {})


@pytest.mark.skipif(not NIGHTLY, reason="it takes minutes: make nightly")
@pytest.mark.parametrize("how", ["a unique key", "locks the row", "one at a time", "says try again"])
def test_no_right_one_is_accused_in_many_runs(racing: Racing, how: str) -> None:
    for _ in range(4 * REPEAT):
        assert racing(how, named=False).broken == {}


@pytest.mark.skipif(not NIGHTLY, reason="it takes minutes: make nightly")
@pytest.mark.parametrize("wrong", ["looks before it writes", "waits between"])
def test_without_a_lock_of_its_database_it_is_caught_nearly_always(racing: Racing, wrong: str) -> None:
    runs = 4 * REPEAT
    caught = sum(bool(racing(wrong, only=lambda trial: trial.name == "F | F", named=False).broken) for _ in range(runs))

    assert caught >= 0.8 * runs
